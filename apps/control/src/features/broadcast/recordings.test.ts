import assert from "node:assert/strict";
import { mkdir, mkdtemp, readdir, readlink, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { setImmediate as turn } from "node:timers/promises";
import { Broadcast, BroadcastList, StreamStatus, Studio } from "@trax/contract";
import {
  heartbeat,
  readUnfinishedRecordings,
  recordEnded,
  recordRecording,
  startRecording,
  wantsRecording,
} from "@trax/media-protocol";
import sql from "sql-template-tag";
import { newId } from "@trax/foundation/ids";
import { startControl } from "../../testing/control.ts";
import { refusedAs, shapeOf } from "../../testing/shape.ts";
import { Tenant, assertIsolated } from "../../testing/tenant.ts";

const dataDir = await mkdtemp(join(tmpdir(), "trax-recordings-"));
after(() => rm(dataDir, { recursive: true, force: true }));
const control = await startControl({
  TRAX_ALLOWED_NETWORKS: "127.0.0.0/8",
  TRAX_PUBLIC_URL: "https://live.example.com/base",
  TRAX_DATA_DIR: dataDir,
});
after(() => control[Symbol.asyncDispose]());
const { database } = control;
const ada = await Tenant.make(control);

async function onAir() {
  const studio = await ada.studio();
  const path = `/v1/studios/${studio.id}`;
  shapeOf(await ada.call("PATCH", path, { recording: { enabled: true } }), 200, Studio);
  const answer = await ada.call("POST", `${path}/go-live`, { allowNoDestinations: true });
  const { broadcastId } = shapeOf(answer, 200, StreamStatus);
  assert.ok(broadcastId !== null);
  return { studioId: studio.id, broadcastId, path };
}

test("recordings are files of their own, told of with their broadcast and by events", async () => {
  const { studioId, broadcastId, path } = await onAir();
  assert.equal(await wantsRecording(database, studioId), true);
  await heartbeat(database, "node-a", new Date());
  const first = await startRecording(database, "node-a", broadcastId);
  assert.equal(first?.path, `recordings/${studioId}/${broadcastId}-1.mp4`);
  const seen = { recordingId: first.recordingId, durationMs: null, sizeBytes: 1_000, failureReason: null };
  assert.equal(await recordRecording(database, { ...seen, status: "recording" }), true);
  assert.equal(await recordRecording(database, { ...seen, status: "recording" }), false, "the same again is no change");
  const detail = async () =>
    shapeOf(await ada.call("GET", `${path}/broadcasts/${broadcastId}`), 200, Broadcast).recordings;
  assert.deepEqual(
    (await detail()).map(({ id, status, durationMs, sizeBytes }) => [id, status, durationMs, sizeBytes]),
    [[first.recordingId, "recording", null, 1_000]],
  );
  await recordRecording(database, { ...seen, status: "ready", durationMs: 5_000, failureReason: "Full." });
  assert.equal(await recordRecording(database, { ...seen, status: "failed" }), false, "what is settled stays");
  const second = await startRecording(database, "node-a", broadcastId);
  assert.equal(second?.path, `recordings/${studioId}/${broadcastId}-2.mp4`);
  assert.deepEqual(
    (await readUnfinishedRecordings(database, "node-a")).map(({ recordingId }) => recordingId),
    [second.recordingId],
  );
  assert.deepEqual(await readUnfinishedRecordings(database, "node-b"), []);
  const [listed] = shapeOf(await ada.call("GET", `${path}/broadcasts`), 200, BroadcastList).data;
  assert.deepEqual(
    listed?.recordings.map(({ id, status, failureReason }) => [id, status, failureReason]),
    [
      [first.recordingId, "ready", "Full."],
      [second.recordingId, "recording", null],
    ],
  );
  const events = await database.query<{ data: { status: string; previousStatus: string | null } }>(sql`
    select data from events where studio_id = ${studioId} and type = 'recording.status_changed' order by seq`);
  assert.deepEqual(
    events.map(({ data }) => [data.previousStatus, data.status]),
    [
      [null, "recording"],
      ["recording", "ready"],
      [null, "recording"],
    ],
  );
});

test("a broadcast that is over is not recorded any more", async () => {
  const { broadcastId, path } = await onAir();
  shapeOf(await ada.call("POST", `${path}/go-offline`), 200, StreamStatus);
  assert.equal(await startRecording(database, "node-a", broadcastId), null);
  await recordEnded(database, broadcastId, []);
  assert.deepEqual(shapeOf(await ada.call("GET", `${path}/broadcasts/${broadcastId}`), 200, Broadcast).recordings, []);
});

test("a recording whose node is away says so, on air and afterwards, until that node is back", async () => {
  const { studioId, broadcastId, path } = await onAir();
  const told = async () => {
    const { recordings } = shapeOf(await ada.call("GET", `${path}/broadcasts/${broadcastId}`), 200, Broadcast);
    const [listed] = shapeOf(await ada.call("GET", `${path}/broadcasts`), 200, BroadcastList).data;
    assert.deepEqual(listed?.recordings, recordings);
    return recordings.map(({ status, failureReason }) => [status, failureReason]);
  };
  const away = "Its media node is away. What was recorded there is finished once that node is back.";
  await heartbeat(database, "node-b", new Date());
  const [first, second] = [
    await startRecording(database, "node-b", broadcastId),
    await startRecording(database, "node-c", broadcastId),
  ];
  assert.ok(first !== null && second !== null);
  const going = ["recording", null];
  assert.deepEqual(await told(), [going, ["recording", away]], "one that never told of itself is away");
  await database.query(sql`update media_nodes set heartbeat_at = now() - interval '20 s' where id = 'node-b'`);
  await heartbeat(database, "node-c", new Date());
  assert.deepEqual(await told(), [["recording", away], going], "another node has taken the broadcast over");
  const settled = { status: "ready", durationMs: 5_000, sizeBytes: 1_000 } as const;
  await recordRecording(database, { ...settled, recordingId: second.recordingId, failureReason: null });
  await recordEnded(database, broadcastId, []);
  await database.query(sql`update media_nodes set heartbeat_at = now() - interval '20 s' where id = 'node-c'`);
  const ready = ["ready", null];
  assert.deepEqual(await told(), [["recording", away], ready], "the broadcast has ended");
  await heartbeat(database, "node-b", new Date());
  assert.deepEqual(await told(), [going, ready]);
  await recordRecording(database, { ...settled, recordingId: first.recordingId, failureReason: "Interrupted." });
  const events = await database.query<{ status: string }>(sql`
    select data->>'status' as status from events where studio_id = ${studioId}
      and type = 'recording.status_changed' and data->>'recordingId' = ${first.recordingId} order by seq`);
  assert.deepEqual(
    [await told(), events.map(({ status }) => status)],
    [
      [["ready", "Interrupted."], ready],
      ["recording", "ready"],
    ],
  );
});

/** A recording on air, its file with these bytes. */
async function recordingWith(bytes: Uint8Array | null) {
  const show = await onAir();
  const made = await startRecording(database, "node-a", show.broadcastId);
  assert.ok(made !== null);
  const file = join(dataDir, made.path);
  if (bytes !== null) {
    await mkdir(dirname(file), { recursive: true });
    await writeFile(file, bytes);
  }
  const of = `${show.path}/broadcasts/${show.broadcastId}`;
  return { ...show, recordingId: made.recordingId, of, url: `${of}/recordings/${made.recordingId}/file` };
}

async function download(path: string, headers: Readonly<Record<string, string>> = {}, method = "GET") {
  const response = await fetch(control.baseUrl + path, {
    method,
    headers: { authorization: `Bearer ${ada.account.key}`, ...headers },
  });
  return { status: response.status, headers: response.headers, bytes: Buffer.from(await response.arrayBuffer()) };
}

test("its file is downloaded whole, in parts, or not again", async () => {
  const bytes = Buffer.from(Array.from({ length: 300_000 }, (_, index) => index % 251));
  const { url, of, recordingId } = await recordingWith(bytes);
  const [told] = shapeOf(await ada.call("GET", of), 200, Broadcast).recordings;
  assert.equal(told?.downloadUrl, `https://live.example.com/base${url}`);
  const whole = await download(url);
  assert.equal(whole.status, 200);
  assert.ok(whole.bytes.equals(bytes));
  const { headers } = whole;
  assert.equal(headers.get("content-type"), "video/mp4");
  assert.equal(headers.get("content-length"), "300000");
  assert.equal(headers.get("accept-ranges"), "bytes");
  assert.equal(headers.get("cache-control"), "no-store");
  const name = /^attachment; filename="trax-\d{4}-\d\d-\d\dT\d{6}-(rec_[0-9a-z]{26})\.mp4"$/;
  assert.equal(name.exec(headers.get("content-disposition") ?? "")?.[1], recordingId);
  const part = await download(url, { range: "bytes=100000-199999" });
  assert.deepEqual([part.status, part.headers.get("content-range")], [206, "bytes 100000-199999/300000"]);
  assert.ok(part.bytes.equals(bytes.subarray(100_000, 200_000)));
  const rest = await download(url, { range: "bytes=-1" });
  assert.deepEqual([rest.status, [...rest.bytes]], [206, [...bytes.subarray(-1)]]);
  const beyond = await ada.control.call(url, { key: ada.account.key, headers: { range: "bytes=300000-" } });
  refusedAs(beyond, 416, "range_not_satisfiable");
  assert.equal(beyond.headers.get("content-range"), "bytes */300000");
  const again = await download(url, { "if-none-match": headers.get("etag") ?? "none", "cache-control": "max-age=0" });
  assert.deepEqual([again.status, again.bytes.length], [304, 0]);
  const head = await download(url, {}, "HEAD");
  assert.deepEqual([head.status, head.headers.get("content-length"), head.bytes.length], [200, "300000", 0]);
});

test("what has no file here says why", async () => {
  const elsewhere = await recordingWith(null);
  refusedAs(await ada.call("GET", elsewhere.url), 503, "media_unavailable");
  const { url, of, recordingId } = elsewhere;
  await recordRecording(database, {
    recordingId,
    status: "failed",
    durationMs: null,
    sizeBytes: null,
    failureReason: "Nothing came.",
  });
  refusedAs(await ada.call("GET", url), 404, "not_found");
  assert.equal(shapeOf(await ada.call("GET", of), 200, Broadcast).recordings[0]?.downloadUrl, null);
});

test("a recording is its tenant's, its broadcast's, and for who may read streams", async () => {
  const [mine, other] = [await recordingWith(Buffer.from("film")), await recordingWith(Buffer.from("other"))];
  const nobodys = `${mine.of}/recordings/${newId("recording")}/file`;
  await assertIsolated(await Tenant.make(control), [{ method: "GET", theirs: mine.url, nobodys }]);
  refusedAs(await ada.call("GET", nobodys), 404, "not_found");
  refusedAs(await ada.call("GET", `${other.of}/recordings/${mine.recordingId}/file`), 404, "not_found");
  const { secret } = await control.mint(ada.account, { scopes: ["studios:read"] });
  refusedAs(await control.call(mine.url, { key: secret }), 403, "insufficient_scope");
});

test("who leaves in the middle leaves no file open", { timeout: 30_000 }, async () => {
  const { url, path } = await recordingWith(Buffer.from("film"));
  const directory = join(dataDir, "recordings", path.split("/").at(-1) ?? "");
  const [name = ""] = await readdir(directory);
  const file = join(directory, name);
  await truncate(file, 200_000_000);
  const isOpen = async () => {
    const links = (await readdir("/proc/self/fd")).map((fd) => readlink(`/proc/self/fd/${fd}`).catch(() => ""));
    return (await Promise.all(links)).includes(file);
  };
  const leaving = new AbortController();
  const response = await fetch(control.baseUrl + url, {
    headers: { authorization: `Bearer ${ada.account.key}` },
    signal: leaving.signal,
  });
  assert.equal(response.headers.get("content-length"), "200000000");
  assert.ok(await isOpen(), "it is not read at once");
  leaving.abort();
  while (await isOpen()) await turn();
});
