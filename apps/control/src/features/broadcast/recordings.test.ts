import assert from "node:assert/strict";
import { after, test } from "node:test";
import { Broadcast, BroadcastList, StreamStatus, Studio } from "@trax/contract";
import {
  readUnfinishedRecordings,
  recordEnded,
  recordRecording,
  startRecording,
  wantsRecording,
} from "@trax/media-protocol";
import sql from "sql-template-tag";
import { startControl } from "../../testing/control.ts";
import { shapeOf } from "../../testing/shape.ts";
import { Tenant } from "../../testing/tenant.ts";

const control = await startControl({ TRAX_ALLOWED_NETWORKS: "127.0.0.0/8" });
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
