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
    assertRefused(answer, "invalid_request", sourceId);
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

const clip = "https://media.example.com/clip.mp4";

promise("createSource", "happy", "what the program opens itself, its password never shown again", async () => {
  const account = await freshAccount();
  const studio = await newStudio(account);
  const pulled = await newSource(account, studio, {
    name: "Door",
    kind: "pull",
    url: "rtsp://ada:s3cret@93.184.216.34/cam",
  });
  const shown = ["kind", "url", "playlist", "session", "status", "loop", "silenceMs", "lastError"];
  assert.deepEqual(
    shown.map((name) => at(pulled.json, name)),
    ["pull", "rtsp://ada:***@93.184.216.34/cam", null, null, "offline", true, 1_000, null],
  );
  const list = await newSource(account, studio, { name: "Reel", kind: "media", playlist: [clip, clip], loop: false });
  assert.deepEqual(
    shown.map((name) => at(list.json, name)),
    ["media", null, [clip, clip], null, "offline", false, 1_000, null],
  );
  for (const path of [pulled.path, `${studio}/sources`])
    assert.ok(!(await account.ask("GET", path)).text.includes("s3cret"), path);
});

promise("createSource", "invalid_request", "addresses that do not belong to its kind", async () => {
  const account = await freshAccount();
  const studio = await newStudio(account);
  for (const body of [
    { kind: "media" },
    { kind: "pull" },
    { kind: "ingest", url: clip },
    { kind: "media", url: "rtsp://93.184.216.34/cam" },
    { kind: "media", url: clip, playlist: [clip] },
    { kind: "pull", playlist: [clip] },
    { kind: "pull", url: "file:///etc/passwd" },
    { kind: "pull", url: "concat:http://93.184.216.34/a" },
    { kind: "media", url: clip, assetId: neverId("ast") },
  ])
    assertRefused(await account.ask("POST", `${studio}/sources`, { name: "Clip", ...body }), "invalid_request");
});

const inwards = ["10.0.0.1", "169.254.169.254", "[fc00::1]", "[::ffff:10.0.0.1]", "0x0a000001"];

promise("createSource", "destination_refused", "what leads into a network of our own", async () => {
  const account = await freshAccount();
  const studio = await newStudio(account);
  for (const host of inwards) {
    for (const url of [`rtsp://${host}/cam`, `http://${host}/live.m3u8`, `srt://${host}:9000`, `rtmp://${host}/a/b`])
      assertRefused(
        await account.ask("POST", `${studio}/sources`, { name: "In", kind: "pull", url }),
        "destination_refused",
        url,
      );
    const playlist = [clip, `https://${host}/clip.mp4`];
    assertRefused(
      await account.ask("POST", `${studio}/sources`, { name: "In", kind: "media", playlist }),
      "destination_refused",
      host,
    );
  }
  assert.deepEqual(listAt((await account.ask("GET", `${studio}/sources`)).json, "data"), []);
});

promise("updateSource", "destination_refused", "the same for a new address, and the old one stays", async () => {
  const account = await freshAccount();
  const source = await newSource(account, await newStudio(account), { name: "Clip", kind: "media", url: clip });
  for (const host of inwards)
    assertRefused(
      await account.ask("PATCH", source.path, { url: `http://${host}/a.mp4` }),
      "destination_refused",
      host,
    );
  assert.equal(at((await account.ask("GET", source.path)).json, "url"), clip);
});

promise("updateSource", "happy", "another address, and what an address was shown as changes nothing", async () => {
  const account = await freshAccount();
  const url = "https://ada:s3cret@media.example.com/clip.mp4";
  const source = await newSource(account, await newStudio(account), { name: "Clip", kind: "media", url });
  const shown = textAt(source.json, "url");
  const same = await account.ask("PATCH", source.path, { url: shown });
  assert.deepEqual([same.status, at(same.json, "url")], [200, shown]);
  const other = await account.ask("PATCH", source.path, { url: clip, loop: false, silenceMs: 60_000 });
  assert.deepEqual(
    [other.status, ...["url", "loop", "silenceMs"].map((name) => at(other.json, name))],
    [200, clip, false, 60_000],
  );
});
