import assert from "node:assert/strict";
import { after, test } from "node:test";
import { StreamStatus } from "@trax/contract";
import { claimBroadcasts, heartbeat, recordEnded, recordSlate, recordSource, writeGauges } from "@trax/media-protocol";
import { startControl } from "../../testing/control.ts";
import { refusedAs, shapeOf } from "../../testing/shape.ts";
import { Tenant } from "../../testing/tenant.ts";

const control = await startControl({});
after(() => control[Symbol.asyncDispose]());
const { database } = control;
const ada = await Tenant.make(control);

const goLive = (studioId: string) => ada.call("POST", `/v1/studios/${studioId}/go-live`, { allowNoDestinations: true });

async function statusOf(studioId: string): Promise<StreamStatus> {
  return shapeOf(await ada.call("GET", `/v1/studios/${studioId}/stream-status`), 200, StreamStatus);
}

/** Of broadcasts that begin here no agent makes anything: they are ended as one would. */
async function end(studioId: string): Promise<void> {
  const { broadcastId } = await statusOf(studioId);
  assert.ok(broadcastId !== null);
  await ada.call("POST", `/v1/studios/${studioId}/go-offline`);
  await recordEnded(database, broadcastId, []);
}

const gauge = { frameRate: 29.97, behindMs: 0, skippedFrames: 0, bitrate: 1_660_000, preset: "veryfast", cores: 0.5 };

test("of a composed program it is told what is made, while it is", async () => {
  const { id: studioId } = await ada.studio();
  assert.equal((await statusOf(studioId)).program.width, null);
  await goLive(studioId);
  await heartbeat(database, "node-1", new Date());
  assert.deepEqual(
    (await statusOf(studioId)).health.reasons.map(({ code }) => code),
    ["program_starting", "no_destination"],
  );
  await writeGauges(database, [], [], [{ ...gauge, studioId, driftMs: 80 }]);
  await recordSlate(database, { studioId, onSlate: true });
  const { program, health } = await statusOf(studioId);
  assert.deepEqual(
    { ...program, frameRate: Math.round((program.frameRate ?? 0) * 100) / 100 },
    { width: 1280, height: 720, frameRate: 29.97, videoBitrate: 1_500_000, audioBitrate: 160_000, onSlate: true },
  );
  assert.deepEqual(
    health.reasons.map(({ code }) => code),
    ["on_slate", "av_drift", "no_destination"],
  );
  await end(studioId);
});

test("frames skipped or dropped are told of while it goes on", async () => {
  const { id: studioId } = await ada.studio();
  await goLive(studioId);
  await writeGauges(database, [], [], [{ ...gauge, studioId, driftMs: 0 }]);
  const codes = async () => (await statusOf(studioId)).health.reasons.map(({ code }) => code);
  assert.ok(!(await codes()).includes("encoder_behind"));
  await writeGauges(database, [], [], [{ ...gauge, studioId, driftMs: 0, skippedFrames: 3 }]);
  assert.ok((await codes()).includes("encoder_behind"));
  await end(studioId);
});

test("a source of which far less arrives than usual is told of", async () => {
  const { id: studioId } = await ada.studio();
  const { id: sourceId, name } = await ada.source(studioId);
  await goLive(studioId);
  const seen = { sourceId, protocol: "rtmp", video: null, audio: null, nodeId: "node-1" } as const;
  await recordSource(database, { ...seen, status: "online" });
  for (const bitrate of [2_000_000, 2_000_000, 200_000])
    await writeGauges(database, [{ sourceId, bitrate, lastFrameAt: null, packetLoss: null }], []);
  const { health, sources } = await statusOf(studioId);
  assert.equal(sources[0]?.bitrate, 200_000);
  const reason = health.reasons.find(({ code }) => code === "source_bitrate_low");
  assert.ok(reason?.message.includes(name));
  await end(studioId);
});

test("a source that cannot be shown is told of, with why", async () => {
  const { id: studioId } = await ada.studio();
  const { id: sourceId } = await ada.source(studioId, { name: "Drone" });
  await goLive(studioId);
  const lastError = {
    code: "unsupported_format",
    message: "Its picture is 7680x4320.",
    at: "2026-11-22T18:00:00.000Z",
  };
  const seen = { sourceId, protocol: "rtmp", video: null, audio: null, lastError, nodeId: "node-1" } as const;
  await recordSource(database, { ...seen, status: "error" });
  const { reasons } = (await statusOf(studioId)).health;
  const told = reasons.find(({ code }) => code === "source_error");
  assert.equal(told?.message, "Drone cannot be shown. Its picture is 7680x4320.");
  assert.deepEqual((await ada.readSource(studioId, sourceId)).lastError, lastError);
  await end(studioId);
});

test("a source that loses packets is told of, and how much it loses", async () => {
  const { id: studioId } = await ada.studio();
  const { id: sourceId, name } = await ada.source(studioId);
  await goLive(studioId);
  const seen = { sourceId, protocol: "whip", video: null, audio: null, nodeId: "node-1" } as const;
  await recordSource(database, { ...seen, status: "online" });
  const message = async (packetLoss: number | null) => {
    await writeGauges(database, [{ sourceId, bitrate: 1_000_000, lastFrameAt: null, packetLoss }], []);
    const { health } = await statusOf(studioId);
    return health.reasons.find(({ code }) => code === "source_packet_loss")?.message;
  };
  assert.equal(await message(null), undefined);
  assert.equal(await message(0.019), undefined);
  assert.match((await message(0.04)) ?? "", new RegExp(`^4 % of the packets of ${name} are lost`, "u"));
  await end(studioId);
});

test("a program that the nodes cannot carry is refused, and one that is live already never is", async () => {
  const size = { width: 1920, height: 1080, frameRate: 60 };
  const [first, second] = [await ada.studio({ program: size }), await ada.studio({ program: size })];
  // One of them costs 124 megapixels a second: three cores.
  await heartbeat(database, "node-1", new Date(), { cores: 4, coresPerMegapixel: 0.024, busy: 0.1 });
  shapeOf(await goLive(first.id), 200, StreamStatus);
  const refused = await goLive(second.id);
  refusedAs(refused, 503, "no_capacity");
  assert.equal(refused.headers.get("retry-after"), "30");
  shapeOf(await goLive(first.id), 200, StreamStatus);
  const relay = await ada.studio({ program: { ...size, mode: "passthrough" } });
  shapeOf(await goLive(relay.id), 200, StreamStatus);
  await heartbeat(database, "node-2", new Date(), { cores: 4, coresPerMegapixel: 0.024, busy: 0.1 });
  shapeOf(await goLive(second.id), 200, StreamStatus);
  for (const { id } of [first, second, relay]) await end(id);
});

test("a node with hardly a processor left is told of", async () => {
  const { id: studioId } = await ada.studio();
  await heartbeat(database, "node-1", new Date(), { cores: 4, coresPerMegapixel: 0.024, busy: 0.95 });
  await goLive(studioId);
  await claimBroadcasts(database, "node-1");
  assert.ok((await statusOf(studioId)).health.reasons.some(({ code }) => code === "node_busy"));
  await end(studioId);
});
