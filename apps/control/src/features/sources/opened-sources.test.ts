import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, test } from "node:test";
import { Source, SourceCreated, SourceList } from "@trax/contract";
import { Secret } from "@trax/foundation/secret";
import { openVault } from "@trax/foundation/vault";
import { recordSource } from "@trax/media-protocol";
import sql from "sql-template-tag";
import { startControl } from "../../testing/control.ts";
import { refusedAs, shapeOf } from "../../testing/shape.ts";
import { Tenant } from "../../testing/tenant.ts";

const keyText = randomBytes(32).toString("base64");
const vault = openVault([{ id: "t1", key: new Secret(keyText) }]);
const control = await startControl({
  TRAX_ALLOWED_NETWORKS: "127.0.0.0/8",
  TRAX_ENCRYPTION_KEYS: `t1:${keyText}`,
});
after(() => control[Symbol.asyncDispose]());
const { database } = control;
const ada = await Tenant.make(control);
const studio = await ada.studio();
const sources = `/v1/studios/${studio.id}/sources`;

const make = async (body: object): Promise<SourceCreated> =>
  shapeOf(await ada.call("POST", sources, { name: "Clip", ...body }), 201, SourceCreated);

const stored = async (id: string) => {
  const [row] = await database.query<{ url: string; revision: number; loop: boolean; silence_ms: number }>(
    sql`select url, revision, loop, silence_ms from sources where id = ${id}`,
  );
  assert.ok(row);
  return row;
};

test("a pulled camera's password is sealed, shown as stars, and kept when those come back", async () => {
  const url = "rtsp://ada:s3cret@127.0.0.1:8554/cam";
  const { session, ...made } = await make({ kind: "pull", url, silenceMs: 0 });
  assert.equal(session, null);
  assert.deepEqual(
    [made.kind, made.url, made.playlist, made.silenceMs, made.lastError],
    ["pull", "rtsp://ada:***@127.0.0.1:8554/cam", null, 0, null],
  );
  const before = await stored(made.id);
  assert.ok(!before.url.includes("s3cret"));
  assert.equal(before.revision, 1);
  const opened = (sealed: string) => vault.decrypt(sealed, { accountId: ada.account.accountId, row: made.id }).reveal();
  assert.equal(opened(before.url), url);
  for (const [method, path] of [
    ["GET", sources],
    ["GET", `${sources}/${made.id}`],
  ] as const)
    assert.ok(!(await ada.call(method, path)).text.includes("s3cret"));

  const path = `${sources}/${made.id}`;
  const again = shapeOf(await ada.call("PATCH", path, { url: made.url }), 200, Source);
  assert.equal(again.url, made.url);
  const saved = await stored(made.id);
  assert.deepEqual([opened(saved.url), saved.revision], [url, 2]);
  for (const elsewhere of ["rtsp://ada:***@127.0.0.1:8555/cam", "srt://127.0.0.1:9000?passphrase=***"]) {
    const refused = await ada.call("PATCH", path, { url: elsewhere });
    refusedAs(refused, 400, "invalid_request");
    assert.match(refused.text, /"body\.url".*give the password again/);
    const copied = { name: "Copy", kind: "pull", url: elsewhere };
    refusedAs(await ada.call("POST", sources, copied), 400, "invalid_request");
  }
  assert.deepEqual(await stored(made.id), saved, "nothing is kept of what was refused");
  const starry = "rtsp://127.0.0.1:8554/***";
  assert.equal(shapeOf(await ada.call("PATCH", path, { url: starry }), 200, Source).url, starry);
  const srt = "srt://127.0.0.1:9000?streamid=a&passphrase=0123456789abc&latency=200";
  const other = shapeOf(await ada.call("PATCH", path, { url: srt }), 200, Source);
  assert.equal(other.url, "srt://127.0.0.1:9000?streamid=a&passphrase=***&latency=200");
  assert.equal((await stored(made.id)).revision, 4);
  const encoded = "srt://127.0.0.1:9000?%70assphrase=0123456789abc";
  assert.equal(
    shapeOf(await ada.call("PATCH", path, { url: encoded }), 200, Source).url,
    encoded.replace(/[^=]*$/u, "***"),
  );
});

test("a clip loops unless told otherwise, and a playlist is one of clips", async () => {
  const clip = await make({ kind: "media", url: "https://media.example.com/a.mp4" });
  assert.deepEqual(
    [clip.url, clip.playlist, clip.loop, clip.silenceMs],
    ["https://media.example.com/a.mp4", null, true, 1_000],
  );
  const playlist = ["https://media.example.com/a.mp4", "http://u:p@127.0.0.1:1/b.png"];
  const list = await make({ kind: "media", playlist, loop: false });
  const shown = ["https://media.example.com/a.mp4", "http://u:***@127.0.0.1:1/b.png"];
  assert.deepEqual([list.url, list.playlist, list.loop], [null, shown, false]);
  const masked = { playlist: [shown[0], "http://u:***@127.0.0.2:1/b.png"] };
  const refused = await ada.call("PATCH", `${sources}/${list.id}`, masked);
  refusedAs(refused, 400, "invalid_request");
  assert.match(refused.text, /"body\.playlist\.1"/);
  const changed = shapeOf(
    await ada.call("PATCH", `${sources}/${list.id}`, { loop: true, silenceMs: 60_000 }),
    200,
    Source,
  );
  assert.deepEqual([changed.loop, changed.silenceMs, changed.playlist], [true, 60_000, shown]);
  assert.equal((await stored(list.id)).revision, 1);
  const listed = shapeOf(await ada.call("GET", sources), 200, SourceList).data;
  assert.deepEqual(
    listed.find((one) => one.id === list.id),
    changed,
  );
});

test("what is wrong with an address is said, and nothing is made", async () => {
  const count = async () => (await database.query(sql`select id from sources where studio_id = ${studio.id}`)).length;
  const before = await count();
  const good = "https://media.example.com/a.mp4";
  for (const body of [
    { kind: "media" },
    { kind: "pull" },
    { kind: "ingest", url: good },
    { url: good },
    { kind: "media", url: "rtsp://127.0.0.1/a" },
    { kind: "media", playlist: [good, "srt://127.0.0.1:9000"] },
    { kind: "media", playlist: [] },
    { kind: "media", url: good, playlist: [good] },
    { kind: "pull", playlist: [good] },
    { kind: "pull", url: "file:///etc/passwd" },
    { kind: "pull", url: "concat:http://127.0.0.1/a" },
    { kind: "pull", url: "srt://127.0.0.1" },
    { kind: "pull", url: "rtmp://ada:pw@127.0.0.1/live/a" },
    { kind: "media", url: good, assetId: "ast_01k9zv4q8fe6s9yq4n3g5t0w2x" },
    { kind: "media", url: good, silenceMs: 60_001 },
    { kind: "media", url: good, silenceMs: -1 },
  ])
    refusedAs(await ada.call("POST", sources, { name: "Clip", ...body }), 400, "invalid_request");
  for (const url of [
    "http://10.0.0.1/a.mp4",
    "http://[::1]/a.mp4",
    "http://169.254.169.254/latest",
    "http://0x0a000001/",
  ])
    refusedAs(await ada.call("POST", sources, { name: "Clip", kind: "media", url }), 422, "destination_refused");
  refusedAs(
    await ada.call("POST", sources, { name: "Clip", kind: "media", playlist: [good, "http://10.0.0.1/b"] }),
    422,
    "destination_refused",
  );
  assert.equal(await count(), before);

  const camera = await ada.source(studio.id);
  refusedAs(await ada.call("PATCH", `${sources}/${camera.id}`, { url: good }), 400, "invalid_request");
  const clip = await make({ kind: "media", url: good });
  refusedAs(await ada.call("PATCH", `${sources}/${clip.id}`, { url: "http://10.0.0.1/b" }), 422, "destination_refused");
  assert.equal((await stored(clip.id)).revision, 1);
  const session = { role: "publish", sourceId: clip.id };
  refusedAs(await ada.call("POST", `/v1/studios/${studio.id}/media-sessions`, session), 400, "invalid_request");
  const nowhere = `/v1/studios/std_${"0".repeat(26)}/sources`;
  refusedAs(
    await ada.call("POST", nowhere, { name: "Clip", kind: "media", url: "http://10.0.0.1/b" }),
    404,
    "not_found",
  );
});

test("why it could not be shown is told, until it is another address", async () => {
  const clip = await make({ kind: "media", url: "https://media.example.com/a.mp4" });
  const lastError = { code: "not_found", message: "There is nothing at this address.", at: new Date().toISOString() };
  await recordSource(database, {
    sourceId: clip.id,
    status: "error",
    protocol: "http",
    video: null,
    audio: null,
    lastError,
    nodeId: "n",
  });
  assert.deepEqual((await ada.readSource(studio.id, clip.id)).lastError, lastError);
  await recordSource(database, {
    sourceId: clip.id,
    status: "offline",
    protocol: null,
    video: null,
    audio: null,
    lastError: null,
    nodeId: "n",
  });
  const later = await ada.readSource(studio.id, clip.id);
  assert.deepEqual([later.status, later.lastError], ["offline", lastError]);
  const moved = await ada.call("PATCH", `${sources}/${clip.id}`, { url: "https://media.example.com/b.mp4" });
  assert.equal(shapeOf(moved, 200, Source).lastError, null);
});
