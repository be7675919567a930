import assert from "node:assert/strict";
import { after, test } from "node:test";
import { Broadcast, BroadcastList, StreamStatus } from "@trax/contract";
import { newId } from "@trax/foundation/ids";
import {
  goLiveWithSource,
  goOfflineWithoutSource,
  heartbeat,
  rearmAutoGoLive,
  recordDestination,
  recordEnded,
  recordHadSource,
  recordLive,
  recordSource,
  writeGauges,
} from "@trax/media-protocol";
import sql from "sql-template-tag";
import { startControl } from "../../testing/control.ts";
import { refusedAs, shapeOf } from "../../testing/shape.ts";
import { Tenant, assertIsolated } from "../../testing/tenant.ts";

const control = await startControl({ TRAX_ALLOWED_NETWORKS: "127.0.0.0/8" });
after(() => control[Symbol.asyncDispose]());
const { database } = control;
const ada = await Tenant.make(control);
const eve = await Tenant.make(control);
const nodeId = "node-1";

const goLive = (studioId: string, body?: object) => ada.call("POST", `/v1/studios/${studioId}/go-live`, body);
const goOffline = (studioId: string) => ada.call("POST", `/v1/studios/${studioId}/go-offline`);

async function statusOf(studioId: string): Promise<StreamStatus> {
  return shapeOf(await ada.call("GET", `/v1/studios/${studioId}/stream-status`), 200, StreamStatus);
}

async function listOf(studioId: string): Promise<readonly Broadcast[]> {
  return shapeOf(await ada.call("GET", `/v1/studios/${studioId}/broadcasts`), 200, BroadcastList).data;
}

const codesOf = (status: StreamStatus) => status.health.reasons.map((reason) => reason.code);

/** A studio on air, as the agent would write it, with one source and one destination. */
async function onAir() {
  const studio = await ada.studio({ program: { mode: "passthrough" } });
  const source = await ada.source(studio.id);
  const destination = await ada.destination(studio.id);
  const { broadcastId } = shapeOf(await goLive(studio.id), 200, StreamStatus);
  assert.ok(broadcastId !== null);
  await heartbeat(database, nodeId, new Date());
  const video = { codec: "h264", width: 1280, height: 720, frameRate: 30, bitrate: null };
  const audio = { codec: "aac", sampleRate: 48_000, channels: 2, bitrate: null };
  await recordSource(database, { sourceId: source.id, status: "online", protocol: "rtmp", video, audio, nodeId });
  await recordHadSource(database, broadcastId);
  const seen = { destinationId: destination.id, broadcastId, status: "live", reconnects: 0, lastError: null } as const;
  await recordDestination(database, { ...seen, connectedAt: new Date().toISOString() });
  await recordLive(database, broadcastId);
  const destinationGauge = {
    destinationId: destination.id,
    broadcastId,
    bitrate: 2_000,
    sentBytes: 30_000,
    droppedFrames: 4,
    roundTripMs: 21,
    lastTakenAt: "2126-11-22T18:00:00.000Z",
  };
  const sourceGauge = { sourceId: source.id, bitrate: 2_500, lastFrameAt: new Date().toISOString(), packetLoss: null };
  await writeGauges(database, [sourceGauge], [destinationGauge]);
  return { studioId: studio.id, sourceId: source.id, destinationId: destination.id, broadcastId };
}

test("going live needs an enabled destination, or leave to do without", async () => {
  const studio = await ada.studio();
  refusedAs(await goLive(studio.id), 409, "no_enabled_destination");
  await ada.destination(studio.id, { enabled: false });
  refusedAs(await goLive(studio.id, {}), 409, "no_enabled_destination");
  assert.deepEqual(await listOf(studio.id), []);
  const status = shapeOf(await goLive(studio.id, { allowNoDestinations: true }), 200, StreamStatus);
  assert.equal(status.state, "starting");
  assert.equal(status.startedAt, null);
  // It is asked for already: nothing is left to be allowed.
  assert.equal(shapeOf(await goLive(studio.id), 200, StreamStatus).broadcastId, status.broadcastId);
});

test("however many go live at once, there is one broadcast", async () => {
  const studio = await ada.studio();
  await ada.destination(studio.id);
  const answers = await Promise.all(Array.from({ length: 20 }, () => goLive(studio.id)));
  const ids = new Set(answers.map((answer) => shapeOf(answer, 200, StreamStatus).broadcastId));
  assert.equal(ids.size, 1);
  assert.equal((await listOf(studio.id)).length, 1);
});

test("going live and offline at once leaves one of both, and no request fails", async () => {
  const studio = await ada.studio();
  await ada.destination(studio.id);
  const calls = Array.from({ length: 20 }, (_, n) => (n % 2 === 0 ? goLive(studio.id) : goOffline(studio.id)));
  for (const answer of await Promise.all(calls)) shapeOf(answer, 200, StreamStatus);
  const asked = await database.query(sql`select from broadcasts where studio_id = ${studio.id} and desired = 'live'`);
  assert.ok(asked.length <= 1);
});

test("going offline is asked for once, and harmless when there is nothing to end", async () => {
  const studio = await ada.studio();
  assert.equal(shapeOf(await goOffline(studio.id), 200, StreamStatus).state, "offline");
  await ada.destination(studio.id);
  const { broadcastId } = shapeOf(await goLive(studio.id), 200, StreamStatus);
  const stopping = shapeOf(await goOffline(studio.id), 200, StreamStatus);
  assert.equal(stopping.state, "stopping");
  assert.equal(stopping.broadcastId, broadcastId);
  assert.equal(shapeOf(await goOffline(studio.id), 200, StreamStatus).state, "stopping");
  await recordEnded(database, broadcastId ?? "", []);
  const offline = await statusOf(studio.id);
  assert.equal(offline.state, "offline");
  assert.equal(offline.broadcastId, null);
  assert.equal(offline.health.level, "offline");
  const [broadcast] = await listOf(studio.id);
  assert.equal(broadcast?.endReason, "requested");
  assert.equal(broadcast.startedAt, null);
});

test("a studio on air is told of as it was seen", async () => {
  const { studioId, sourceId, destinationId, broadcastId } = await onAir();
  const status = await statusOf(studioId);
  assert.equal(status.state, "live");
  assert.equal(status.broadcastId, broadcastId);
  assert.ok(status.startedAt !== null);
  assert.deepEqual(status.program, {
    width: 1280,
    height: 720,
    frameRate: 30,
    videoBitrate: 2_500,
    audioBitrate: null,
    onSlate: false,
  });
  const [source] = status.sources;
  assert.equal(source?.sourceId, sourceId);
  assert.equal(source.bitrate, 2_500);
  const [destination] = status.destinations;
  assert.deepEqual(
    { ...destination, connectedAt: null },
    {
      destinationId,
      status: "live",
      connectedAt: null,
      bitrate: 2_000,
      sentBytes: 30_000,
      droppedFrames: 4,
      reconnects: 0,
      roundTripMs: 21,
      lastTakenAt: "2126-11-22T18:00:00.000Z",
      lastError: null,
    },
  );
  assert.deepEqual(status.health, { level: "good", reasons: [] });
  const [broadcast] = await listOf(studioId);
  assert.deepEqual(broadcast?.destinations[0], destination);
});

test("a destination that was removed on air stays in the broadcast, and is not called live", async () => {
  const { studioId, destinationId, broadcastId } = await onAir();
  assert.equal((await ada.call("DELETE", `/v1/studios/${studioId}/destinations/${destinationId}`)).status, 204);
  assert.deepEqual((await statusOf(studioId)).destinations, []);
  const [broadcast] = await listOf(studioId);
  assert.equal(broadcast?.id, broadcastId);
  assert.equal(broadcast.destinations[0]?.destinationId, destinationId);
  assert.equal(broadcast.destinations[0].status, "idle");
});

test("rates that are no longer measured are 0, and what was counted stays", async () => {
  const { studioId, sourceId, destinationId } = await onAir();
  await database.query(
    sql`update destination_gauges set updated_at = now() - interval '6 s' where destination_id = ${destinationId}`,
  );
  await database.query(sql`update source_gauges set updated_at = now() - interval '6 s' where source_id = ${sourceId}`);
  const { destinations, sources, health } = await statusOf(studioId);
  assert.equal(destinations[0]?.status, "live");
  assert.equal(destinations[0].bitrate, 0);
  assert.equal(destinations[0].sentBytes, 30_000);
  assert.equal(sources[0]?.bitrate, 0);
  assert.equal(health.level, "good");
});

test("a destination is not called live 8 s after it was last seen to be", async () => {
  const { studioId, destinationId, broadcastId } = await onAir();
  await database.query(
    sql`update destination_gauges set updated_at = now() - interval '9 s' where destination_id = ${destinationId}`,
  );
  await database.query(sql`update destinations set connected_at = now() - interval '20 s' where id = ${destinationId}`);
  const status = await statusOf(studioId);
  assert.equal(status.destinations[0]?.status, "reconnecting");
  assert.equal(status.health.level, "bad");
  assert.deepEqual(codesOf(status), ["media_node_silent", "destination_reconnecting"]);
  const path = `/v1/studios/${studioId}/broadcasts/${broadcastId}`;
  assert.equal(shapeOf(await ada.call("GET", path), 200, Broadcast).destinations[0]?.status, "reconnecting");
});

test("a node that does not report is told of", async () => {
  const { studioId } = await onAir();
  await database.query(sql`update media_nodes set heartbeat_at = now() - interval '20 s'`);
  const status = await statusOf(studioId);
  assert.equal(status.sources[0]?.status, "online");
  assert.equal(status.health.level, "bad");
  assert.deepEqual(codesOf(status), ["media_node_silent"]);
});

test("counts are this broadcast's, and final once it has ended", async () => {
  const { studioId, destinationId, broadcastId } = await onAir();
  await goOffline(studioId);
  const lastTakenAt = "2126-11-22T18:00:01.000Z";
  await recordEnded(database, broadcastId, [{ destinationId, sentBytes: 40_000, droppedFrames: 5, lastTakenAt }]);
  // A gauge that was on its way says less than what was final.
  const late = { destinationId, broadcastId, bitrate: 0, sentBytes: 40_000, droppedFrames: 5 };
  await writeGauges(database, [], [{ ...late, roundTripMs: null, lastTakenAt: null }]);
  const path = `/v1/studios/${studioId}/broadcasts/${broadcastId}`;
  const ended = shapeOf(await ada.call("GET", path), 200, Broadcast);
  assert.ok(ended.endedAt !== null);
  assert.equal(ended.destinations[0]?.status, "idle");
  assert.equal(ended.destinations[0].sentBytes, 40_000);
  assert.equal(ended.destinations[0].lastTakenAt, lastTakenAt);
  await goLive(studioId);
  const status = await statusOf(studioId);
  assert.equal(status.state, "starting");
  assert.equal(status.destinations[0]?.sentBytes, 0);
  assert.equal(status.destinations[0].droppedFrames, 0);
});

test("what an agent that is gone counted, and what failed, is told of a broadcast that has ended", async () => {
  const { studioId, destinationId, broadcastId } = await onAir();
  const failed = await ada.destination(studioId);
  const seen = { broadcastId, connectedAt: null, reconnects: 2 } as const;
  const lastError = { code: "auth_refused", message: "No.", at: new Date().toISOString() };
  await recordDestination(database, { ...seen, destinationId: failed.id, status: "failed", lastError });
  await goOffline(studioId);
  // At rest for want of a broadcast: what became of it in this one stays.
  const resting = { broadcastId: null, connectedAt: null, reconnects: null, lastError: null, status: "idle" } as const;
  await recordDestination(database, { ...resting, destinationId: failed.id });
  await recordEnded(database, broadcastId, []);
  const path = `/v1/studios/${studioId}/broadcasts/${broadcastId}`;
  const { destinations } = shapeOf(await ada.call("GET", path), 200, Broadcast);
  const of = (id: string) => destinations.find((one) => one.destinationId === id);
  assert.deepEqual([of(destinationId)?.status, of(destinationId)?.sentBytes], ["idle", 30_000]);
  assert.deepEqual([of(failed.id)?.status, of(failed.id)?.reconnects], ["failed", 2]);
});

test("a studio goes live and offline with its sources only where that is still so", async () => {
  const { studioId, sourceId, broadcastId } = await onAir();
  const studio = { accountId: ada.account.accountId, studioId };
  const live = () => database.transaction((tx) => goLiveWithSource(tx, studio));
  const offline = (id: string) => database.transaction((tx) => goOfflineWithoutSource(tx, studio, id));
  await ada.call("PATCH", `/v1/studios/${studioId}`, { autoGoLive: true });
  assert.equal(await offline(broadcastId), false, "the source is online");
  await goOffline(studioId);
  assert.equal(await live(), false, "somebody went offline on purpose");
  await rearmAutoGoLive(database, studioId);
  assert.equal(await live(), true);
  await recordSource(database, { sourceId, status: "offline", protocol: null, video: null, audio: null, nodeId });
  assert.equal(await offline(broadcastId), false, "that broadcast is over, another one runs");
  const { broadcastId: running } = await statusOf(studioId);
  assert.ok(running !== null);
  assert.equal(await offline(running), true);
});

test("the program is the chosen source, else the one that came first and stayed", async () => {
  const { studioId } = await onAir();
  const second = await ada.source(studioId);
  const video = { codec: "h264", width: 640, height: 360, frameRate: 25, bitrate: null };
  const seen = { sourceId: second.id, status: "online", protocol: "srt", video, audio: null, nodeId } as const;
  await recordSource(database, seen);
  assert.equal((await statusOf(studioId)).program.width, 1280);
  await ada.call("PATCH", `/v1/studios/${studioId}`, { program: { sourceId: second.id } });
  assert.equal((await statusOf(studioId)).program.width, 640);
  await recordSource(database, { ...seen, status: "offline", protocol: null, video: null });
  const status = await statusOf(studioId);
  assert.equal(status.program.width, null);
  assert.equal(status.health.level, "bad");
  assert.ok(codesOf(status).includes("source_lost"));
});

test("another tenant's broadcasts are as if there were none", async () => {
  const { studioId, broadcastId } = await onAir();
  const own = await eve.studio();
  const [theirs, nobodys] = [`/v1/studios/${studioId}`, `/v1/studios/${newId("studio")}`];
  const both = (method: string, rest: string) => ({ method, theirs: theirs + rest, nobodys: nobodys + rest });
  await assertIsolated(eve, [
    both("GET", "/stream-status"),
    both("POST", "/go-live"),
    both("POST", "/go-offline"),
    both("GET", "/broadcasts"),
    both("GET", `/broadcasts/${broadcastId}`),
    {
      method: "GET",
      theirs: `/v1/studios/${own.id}/broadcasts/${broadcastId}`,
      nobodys: `/v1/studios/${own.id}/broadcasts/${newId("broadcast")}`,
    },
  ]);
  assert.equal((await statusOf(studioId)).state, "live");
});
