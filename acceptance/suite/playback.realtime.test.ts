import assert from "node:assert/strict";
import { mintKey } from "../src/account.ts";
import type { Account } from "../src/account.ts";
import { bearer, send } from "../src/http.ts";
import { at, listAt, objectAt, textAt } from "../src/json.ts";
import { publish } from "../src/media/publishing.ts";
import { makeShow } from "../src/media/show.ts";
import { behaviour, promise } from "../src/promise.ts";
import { assertRefused } from "../src/refusal.ts";
import { freshAccount } from "../src/shared-account.ts";
import { neverId } from "../src/world.ts";

async function newStudio(account: Account): Promise<{ readonly id: string; readonly path: string }> {
  const id = textAt((await account.ask("POST", "/v1/studios", { name: "Show" })).json, "id");
  return { id, path: `/v1/studios/${id}` };
}

/** The bytes of a still. */
async function still(account: Account, path: string): Promise<Buffer> {
  const answer = await fetch(account.instance.baseUrl + path, { headers: { authorization: `Bearer ${account.key}` } });
  const bytes = Buffer.from(await answer.arrayBuffer());
  assert.equal(answer.status, 200, bytes.toString());
  assert.equal(answer.headers.get("content-type"), "image/jpeg");
  assert.equal(answer.headers.get("cache-control"), "no-store");
  assert.ok(Math.abs(Date.now() - Date.parse(answer.headers.get("x-taken-at") ?? "")) < 5_000);
  return bytes;
}

function assertJpeg(bytes: Buffer): void {
  assert.deepEqual([...bytes.subarray(0, 3), ...bytes.subarray(-2)], [0xff, 0xd8, 0xff, 0xff, 0xd9]);
}

promise("createMediaSession", "happy", "to watch the program, its preview or a source", async () => {
  const account = await freshAccount();
  const { id, path } = await newStudio(account);
  const sourceId = textAt((await account.ask("POST", `${path}/sources`, { name: "Cam" })).json, "id");
  for (const [what, whep, protocols] of [
    [{}, id, ["hls", "rtmp", "srt", "whep"]],
    [{ preview: true }, `${id}/preview`, ["whep"]],
    [{ sourceId }, sourceId, ["hls", "rtmp", "srt", "whep"]],
  ] as const) {
    const answer = await account.ask("POST", `${path}/media-sessions`, { role: "play", ...what });
    assert.equal(answer.status, 201, answer.text);
    const token = textAt(answer.json, "token");
    const playback = objectAt(answer.json, "playback");
    assert.equal(at(answer.json, "ingest"), undefined);
    assert.deepEqual(Object.keys(playback).sort(), protocols);
    assert.match(textAt(playback, "whep", "url"), new RegExp(`^https?://[^/]+/whep/${whep}$`));
    assert.equal(textAt(playback, "whep", "bearerToken"), token);
    const shown = { role: "play", sourceId: at(what, "sourceId") ?? null, preview: at(what, "preview") ?? false };
    const [latest] = listAt((await account.ask("GET", `${path}/media-sessions`)).json, "data");
    for (const [name, value] of Object.entries(shown)) assert.equal(at(latest, name), value);
  }
});

behaviour("a play session is for that studio's, and what it is for is one thing", async () => {
  const account = await freshAccount();
  const { path } = await newStudio(account);
  const sourceId = textAt((await account.ask("POST", `${path}/sources`, { name: "Cam" })).json, "id");
  const ask = (body: object) => account.ask("POST", `${path}/media-sessions`, body);
  assertRefused(await ask({ role: "play", sourceId: neverId("sources") }), "invalid_request");
  for (const odd of [
    { role: "play", sourceId, preview: true },
    { role: "publish", sourceId, preview: true },
    { role: "publish" },
  ])
    assertRefused(await ask(odd), "invalid_request", JSON.stringify(odd));
});

behaviour("to publish and to play are two scopes, also for who ends a session", async () => {
  const account = await freshAccount();
  const { path } = await newStudio(account);
  const sourceId = textAt((await account.ask("POST", `${path}/sources`, { name: "Cam" })).json, "id");
  const wishes = { "sources:write": { role: "publish", sourceId }, "stream:read": { role: "play" } };
  for (const scope of Object.keys(wishes)) {
    const key = bearer(await mintKey(account.instance, account.session, { scopes: [scope] }));
    for (const [needed, json] of Object.entries(wishes)) {
      const made = await account.ask("POST", `${path}/media-sessions`, json);
      const session = `${path}/media-sessions/${textAt(made.json, "id")}`;
      const asked = { method: "POST", path: `${path}/media-sessions`, headers: key, json };
      const [create, revoke] = [
        await send(account.instance.baseUrl, asked),
        await send(account.instance.baseUrl, { method: "DELETE", path: session, headers: key }),
      ];
      if (needed === scope) assert.deepEqual([create.status, revoke.status], [201, 204]);
      else for (const answer of [create, revoke]) assertRefused(answer, "insufficient_scope");
    }
  }
});

promise("getProgramSnapshot", "happy", "of a studio that is not on air: its program is started for it", async () => {
  const account = await freshAccount();
  const { path } = await newStudio(account);
  assertJpeg(await still(account, `${path}/program/snapshot`));
});

promise("getProgramSnapshot", "conflict", "what is passed through has no picture of its own", async () => {
  const account = await freshAccount();
  const studio = { name: "Relay", program: { mode: "passthrough" } };
  const id = textAt((await account.ask("POST", "/v1/studios", studio)).json, "id");
  assertRefused(await account.ask("GET", `/v1/studios/${id}/program/snapshot`), "conflict");
});

promise("getSourceSnapshot", "happy", "of one that is published", async (context) => {
  const show = await makeShow(await freshAccount(), { program: { mode: "composed" } });
  const source = await show.addSource();
  await publish(context, source.session.ingest);
  await show.untilOnline(source.id);
  assertJpeg(await still(show.account, `/v1/studios/${show.studioId}/sources/${source.id}/snapshot`));
});

promise("getSourceSnapshot", "conflict", "nobody publishes it", async () => {
  const account = await freshAccount();
  const { path } = await newStudio(account);
  const sourceId = textAt((await account.ask("POST", `${path}/sources`, { name: "Cam" })).json, "id");
  assertRefused(await account.ask("GET", `${path}/sources/${sourceId}/snapshot`), "conflict");
});
