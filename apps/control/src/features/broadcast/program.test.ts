import assert from "node:assert/strict";
import { after, test } from "node:test";
import { StreamStatus } from "@trax/contract";
import {
  claimBroadcasts,
  goLiveWithSource,
  heartbeat,
  readDesired,
  recordEnded,
  recordSlate,
  recordSource,
  watch,
  watchWhereItFits,
  writeGauges,
} from "@trax/media-protocol";
import sql from "sql-template-tag";
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

/** One node, with so much room: a million pixels a second cost it a hundredth of a core. */
async function onlyNode(cores: number): Promise<void> {
  await database.query(sql`delete from media_nodes`);
  await heartbeat(database, "node-1", new Date(), { cores, coresPerMegapixel: 0.01, busy: 0.1 });
}

/** 0.28 cores by itself, and 0.07 with the one source that is reckoned where none is known. */
const plain = { width: 1280, height: 720, frameRate: 30 };
const seenBy = { protocol: "srt", audio: null, nodeId: "node-1" } as const;

test("what a program decodes counts: by its size where it is online, as 720p30 where that is not known", async () => {
  const { id } = await ada.studio({ program: plain });
  const { id: sourceId } = await ada.source(id);
  const fits = async (cores: number) => {
    await onlyNode(cores);
    const { status } = await goLive(id);
    if (status === 200) await end(id);
    return status === 200;
  };
  assert.deepEqual([await fits(0.34), await fits(0.35)], [false, true], "one source at least will come");
  const video = { codec: "h264", width: 3840, height: 2160, frameRate: 30, bitrate: null };
  await recordSource(database, { ...seenBy, sourceId, status: "online", video });
  assert.deepEqual([await fits(0.89), await fits(0.9)], [false, true], "what is sent in is decoded in its own size");
  const opened = await ada.call("POST", `/v1/studios/${id}/sources`, {
    name: "Door",
    kind: "pull",
    url: "rtsp://9.9.9.9/",
  });
  assert.equal(opened.status, 201, opened.text);
  assert.deepEqual([await fits(0.96), await fits(0.97)], [false, true], "what the program opens itself is decoded too");
  await database.query(sql`delete from sources where studio_id = ${id} and kind = 'pull'`);
  await database.query(sql`
    with clip as (insert into assets (id, account_id, name, kind, content_type, size_bytes, object_key)
      values ('ast_1', ${ada.account.accountId}, 'Loop', 'video', 'video/mp4', 1, 'assets/ast_1/object') returning id)
    update studios set slate = jsonb_build_object('assetId', clip.id) from clip where studios.id = ${id}`);
  assert.deepEqual([await fits(0.96), await fits(0.97)], [false, true], "and so is a slate's clip");
  await database.query(sql`update studios set slate = '{}' where id = ${id}`);
  await recordSource(database, { ...seenBy, sourceId, status: "online", video: null, audio: { codec: "aac" } });
  assert.deepEqual([await fits(0.34), await fits(0.35)], [false, true], "sound costs no pixels");
});

test("programs that are only watched give way to one that goes live, as many as needed", async () => {
  const studios = await Promise.all([1, 2, 3].map(async () => ada.studio({ program: plain })));
  const [longest, lately, live] = studios.map(({ id }) => ({ accountId: ada.account.accountId, studioId: id }));
  assert.ok(longest !== undefined && lately !== undefined && live !== undefined);
  const desired = async ({ studioId }: { readonly studioId: string }) => {
    const [studio] = await readDesired(database, [studioId], false);
    const { watched, gaveWay } = studio?.program ?? {};
    return { watched, gaveWay };
  };
  const mayWatch = (studio: typeof live, what: "program" | "preview" = "program") =>
    database.transaction((tx) => watchWhereItFits(tx, studio, what, 60));
  await onlyNode(0.75);
  await watch(database, longest, "program", 30);
  assert.equal(await mayWatch(lately), true);
  assert.equal(await mayWatch(live), false, "who watches makes nobody give way");
  await writeGauges(
    database,
    [],
    [],
    [longest, lately].map(({ studioId }) => ({ ...gauge, studioId, driftMs: 0 })),
  );
  shapeOf(await goLive(live.studioId), 200, StreamStatus);
  assert.deepEqual(await desired(longest), { watched: false, gaveWay: true });
  assert.deepEqual(await desired(lately), { watched: true, gaveWay: false });
  assert.equal(await mayWatch(longest), false, "its gauges are not old, yet it runs no more");
  assert.equal(await mayWatch(lately), true);
  assert.equal(await mayWatch(live), true, "what is on air may be watched");
  assert.equal(await mayWatch(live, "preview"), false, "a preview is made beside it");
  await onlyNode(1.2);
  assert.equal(await mayWatch(live, "preview"), true);
  assert.equal(await mayWatch(longest), true);
  assert.deepEqual(await desired(longest), { watched: true, gaveWay: false });
  // Its room is that of both, with the preview, and it is on air.
  await onlyNode(0.4);
  refusedAs(await goLive(longest.studioId), 503, "no_capacity");
  assert.deepEqual(await desired(lately), { watched: true, gaveWay: false }, "nobody gives way in vain");
  await end(live.studioId);
  await database.query(sql`delete from programs`);
  await database.query(sql`delete from program_gauges`);
});

test("a studio that its source cannot take live for want of room says so", async () => {
  const { id: studioId } = await ada.studio({ program: plain, autoGoLive: true });
  const { id: sourceId } = await ada.source(studioId);
  const seen = { ...seenBy, sourceId, video: null } as const;
  await recordSource(database, { ...seen, status: "online" });
  const goesLive = () =>
    database.transaction((tx) => goLiveWithSource(tx, { accountId: ada.account.accountId, studioId }));
  const health = async () => (await statusOf(studioId)).health;
  await onlyNode(0.1);
  assert.equal(await goesLive(), false);
  const { level, reasons } = await health();
  assert.deepEqual([level, ...reasons.map(({ code }) => code)], ["offline", "no_capacity"]);
  await recordSource(database, { ...seen, status: "offline" });
  assert.deepEqual((await health()).reasons, [], "nothing is to go live");
  await recordSource(database, { ...seen, status: "online" });
  await onlyNode(4);
  assert.equal(await goesLive(), true);
  assert.ok(!(await health()).reasons.some(({ code }) => code === "no_capacity"));
  await end(studioId);
});

test("a node with hardly a processor left is told of", async () => {
  const { id: studioId } = await ada.studio();
  await heartbeat(database, "node-1", new Date(), { cores: 4, coresPerMegapixel: 0.024, busy: 0.95 });
  await goLive(studioId);
  await claimBroadcasts(database, "node-1");
  assert.ok((await statusOf(studioId)).health.reasons.some(({ code }) => code === "node_busy"));
  await end(studioId);
});
