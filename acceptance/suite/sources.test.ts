import assert from "node:assert/strict";
import type { Account } from "../src/account.ts";
import { at, isObject, listAt, objectAt, textAt } from "../src/json.ts";
import { behaviour, promise } from "../src/promise.ts";
import { assertRefused } from "../src/refusal.ts";
import { secretFieldsOf } from "../src/secrets.ts";
import { freshAccount } from "../src/shared-account.ts";
import { neverId } from "../src/world.ts";

async function newStudio(account: Account): Promise<string> {
  return `/v1/studios/${textAt((await account.ask("POST", "/v1/studios", { name: "Show" })).json, "id")}`;
}

async function newSource(account: Account, studio: string, body: object = { name: "Cam" }) {
  const answer = await account.ask("POST", `${studio}/sources`, body);
  assert.equal(answer.status, 201, answer.text);
  return { id: textAt(answer.json, "id"), path: `${studio}/sources/${textAt(answer.json, "id")}`, json: answer.json };
}

function assertIngest(session: unknown, sourceId: string): void {
  const token = textAt(session, "token");
  const ingest = objectAt(session, "ingest");
  assert.match(textAt(ingest, "rtmp", "url"), /^rtmp:\/\/[^/]+:\d+\/in$/);
  assert.match(textAt(ingest, "rtmps", "url"), /^rtmps:\/\/[^/]+:\d+\/in$/);
  assert.equal(textAt(ingest, "rtmp", "streamKey"), `${sourceId}?token=${token}`);
  assert.equal(textAt(ingest, "rtmps", "streamKey"), `${sourceId}?token=${token}`);
  assert.match(textAt(ingest, "srt", "url"), /^srt:\/\/[^/]+:\d+\?/);
  assert.ok(
    decodeURIComponent(textAt(ingest, "srt", "url")).includes(`streamid=publish:in/${sourceId}:session:${token}`),
  );
  assert.match(textAt(ingest, "whip", "url"), new RegExp(`^https?://[^/]+/whip/${sourceId}$`));
  assert.equal(textAt(ingest, "whip", "bearerToken"), token);
}

promise("createSource", "happy", "with its first publish session, the only time that the token is shown", async () => {
  const account = await freshAccount();
  const studio = await newStudio(account);
  const source = await newSource(account, studio);
  assert.deepEqual(
    ["kind", "onConflict", "status", "protocol", "video", "audio"].map((name) => at(source.json, name)),
    ["ingest", "refuse", "offline", null, null, null],
  );
  const session = objectAt(source.json, "session");
  assert.equal(at(session, "sourceId"), source.id);
  assertIngest(session, source.id);
  for (const path of [source.path, `${studio}/sources`, `${studio}/media-sessions`, studio]) {
    const answer = await account.ask("GET", path);
    assert.ok(!answer.text.includes(textAt(session, "token")), `${path} shows the token`);
  }
});

promise("getSource", "happy", "as it was made, without the session", async () => {
  const account = await freshAccount();
  const source = await newSource(account, await newStudio(account));
  const { session: _, ...made } = objectAt(source.json);
  assert.deepEqual((await account.ask("GET", source.path)).json, made);
});

promise("listSources", "happy", "a studio's own, the newest first", async () => {
  const account = await freshAccount();
  const [studio, other] = [await newStudio(account), await newStudio(account)];
  assert.deepEqual((await account.ask("GET", `${studio}/sources`)).json, { data: [], nextCursor: null });
  const [older, newer] = [await newSource(account, studio), await newSource(account, studio)];
  await newSource(account, other);
  const list = await account.ask("GET", `${studio}/sources`);
  assert.deepEqual(
    listAt(list.json, "data").map((row) => at(row, "id")),
    [newer.id, older.id],
  );
});

promise("updateSource", "happy", "its name and what a second publisher meets", async () => {
  const account = await freshAccount();
  const source = await newSource(account, await newStudio(account));
  const changed = await account.ask("PATCH", source.path, { name: "Left", onConflict: "replace" });
  assert.deepEqual(
    [changed.status, at(changed.json, "name"), at(changed.json, "onConflict")],
    [200, "Left", "replace"],
  );
  const again = await account.ask("PATCH", source.path, { name: "Right" });
  assert.deepEqual([at(again.json, "name"), at(again.json, "onConflict")], ["Right", "replace"]);
});

promise("deleteSource", "happy", "its sessions go with it", async () => {
  const account = await freshAccount();
  const studio = await newStudio(account);
  const [source, kept] = [await newSource(account, studio), await newSource(account, studio)];
  assert.equal((await account.ask("DELETE", source.path)).status, 204);
  assertRefused(await account.ask("GET", source.path), "not_found");
  assertRefused(await account.ask("DELETE", source.path), "not_found", "twice");
  const sessions = listAt((await account.ask("GET", `${studio}/media-sessions`)).json, "data");
  assert.deepEqual(
    sessions.map((row) => at(row, "sourceId")),
    [kept.id],
  );
});

promise("createMediaSession", "happy", "a token of its own and where to publish", async () => {
  const account = await freshAccount();
  const studio = await newStudio(account);
  const source = await newSource(account, studio);
  const answer = await account.ask("POST", `${studio}/media-sessions`, {
    role: "publish",
    sourceId: source.id,
    expiresInSeconds: 60,
  });
  assert.equal(answer.status, 201, answer.text);
  assertIngest(answer.json, source.id);
  assert.notEqual(at(answer.json, "token"), at(source.json, "session", "token"));
  const lifeMs = Date.parse(textAt(answer.json, "expiresAt")) - Date.parse(textAt(answer.json, "createdAt"));
  assert.equal(Math.round(lifeMs / 1_000), 60);
});

behaviour("a media session is for a source of that very studio", async () => {
  const account = await freshAccount();
  const [studio, other] = [await newStudio(account), await newStudio(account)];
  const foreign = await newSource(account, other);
  for (const sourceId of [foreign.id, neverId("sources")]) {
    const answer = await account.ask("POST", `${studio}/media-sessions`, { role: "publish", sourceId });
    assertRefused(answer, "not_found", sourceId);
  }
});

promise("listMediaSessions", "happy", "without tokens", async () => {
  const account = await freshAccount();
  const studio = await newStudio(account);
  const source = await newSource(account, studio);
  await account.ask("POST", `${studio}/media-sessions`, { role: "publish", sourceId: source.id });
  const list = listAt((await account.ask("GET", `${studio}/media-sessions`)).json, "data");
  assert.equal(list.length, 2, "the first and the second");
  for (const row of list) {
    assert.ok(isObject(row));
    assert.deepEqual(
      [row["role"], row["sourceId"], secretFieldsOf(row), row["ingest"]],
      ["publish", source.id, [], undefined],
    );
  }
});

promise("revokeMediaSession", "happy", "it is gone", async () => {
  const account = await freshAccount();
  const studio = await newStudio(account);
  const source = await newSource(account, studio);
  const path = `${studio}/media-sessions/${textAt(source.json, "session", "id")}`;
  assert.equal((await account.ask("DELETE", path)).status, 204);
  assertRefused(await account.ask("DELETE", path), "not_found", "twice");
  assert.deepEqual(listAt((await account.ask("GET", `${studio}/media-sessions`)).json, "data"), []);
});
