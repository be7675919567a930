import assert from "node:assert/strict";
import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import {
  type FfmpegPublisher,
  type MediaMtxPlain,
  probeFrames,
  probeStreams,
  startFfmpegPublisher,
  startMediaMtxPlain,
  tempDirectory,
  waitFor,
} from "@trax/peers";
import { settleRecording } from "../recording/recording-file.ts";
import type { RelayDestination } from "../relay/protocol.ts";
import { relaySpec, startRelayWorker } from "../relay/testing/relay-worker.ts";
import { openRecording } from "./recording-output.ts";

let router: MediaMtxPlain;
let publisher: FfmpegPublisher;
let source: string;
let directory: Awaited<ReturnType<typeof tempDirectory>>;

before(async () => {
  directory = await tempDirectory("recording");
  router = await startMediaMtxPlain();
  source = `${router.rtmpUrl}/cam`;
  publisher = await startFfmpegPublisher({ url: source });
  await router.waitForPath("live/cam");
});

after(async () => {
  await publisher.stop();
  await router.stop();
  await directory.remove();
});

function file(destinationId: string, path: string): RelayDestination {
  return { destinationId, revision: 1, protocol: "file", url: path, streamKey: null };
}

const sizeOf = (path: string): Promise<number> =>
  stat(path).then(
    ({ size }) => size,
    () => 0,
  );

/** Every frame decodes, and each is shown after the one before, without a hole. */
async function assertWhole(path: string): Promise<number> {
  const frames = await probeFrames(path);
  const times = frames.map((frame) => frame.ptsSeconds ?? Number.NaN);
  assert.equal(frames[0]?.keyframe, true);
  for (let at = 1; at < times.length; at += 1) {
    const step = (times[at] ?? Number.NaN) - (times[at - 1] ?? Number.NaN);
    assert.ok(step > 0 && step < 0.1, `frame ${at} comes ${step} s after the one before`);
  }
  return frames.length;
}

test("a recording is whole when it is ended, and an earlier file is never written to", async () => {
  const worker = await startRelayWorker();
  try {
    const path = join(directory.path, "std_a", "whole.mp4");
    const taken = join(directory.path, "taken.mp4");
    await writeFile(taken, "precious");
    worker.tell({ type: "relay", spec: relaySpec(source, [file("rec_a", path), file("rec_b", taken)]) });
    await worker.waitForStatus("rec_a", "live");
    await waitFor("a few fragments", () => (worker.gauge("rec_a")?.sentBytes ?? 0) > 100_000);
    const refused = await waitFor("the other is refused", () => worker.destination("rec_b")?.lastError);
    assert.equal(refused.code, "disk_failed");
    assert.equal(await readFile(taken, "utf8"), "precious");
    worker.tell({ type: "relay", spec: relaySpec(source) });
    await worker.waitForStatus("rec_a", "idle");
    const streams = await probeStreams(path);
    assert.deepEqual(streams.map((stream) => `${stream.kind} ${stream.codec}`).sort(), ["audio aac", "video h264"]);
    const frames = await assertWhole(path);
    assert.equal(frames, streams.find((stream) => stream.kind === "video")?.packets);
    const settled = await settleRecording(path);
    assert.ok(settled !== null && Math.abs(settled.durationMs - (frames * 1_000) / 30) < 200, JSON.stringify(settled));
    assert.equal(settled.sizeBytes, await sizeOf(path));
  } finally {
    await worker.stop();
  }
});

test("a recording whose process was killed in mid-write plays, every frame of it", async () => {
  const worker = await startRelayWorker();
  const path = join(directory.path, "killed.mp4");
  try {
    worker.tell({ type: "relay", spec: relaySpec(source, [file("rec_a", path)]) });
    await worker.waitForStatus("rec_a", "live");
    await waitFor("a few fragments", async () => (await sizeOf(path)) > 100_000);
  } finally {
    // SIGKILL.
    await worker.stop();
  }
  const frames = await assertWhole(path);
  const settled = await settleRecording(path);
  assert.ok(settled !== null && Math.abs(settled.durationMs - (frames * 1_000) / 30) < 200, JSON.stringify(settled));
  assert.equal(await assertWhole(path), frames, "settling loses nothing");
});

const listener = { onPublishing: () => {}, onTaken: () => {} };

test("a nearly full disk is not written to, and ends what is being written", async () => {
  const path = join(directory.path, "full.mp4");
  let freeBytes = 1_000;
  const space = async () => ({ freeBytes, totalBytes: 1e12 });
  const ended = Promise.withResolvers<string | undefined>();
  const listening = { ...listener, onClosed: (reason: { code: string } | null) => ended.resolve(reason?.code) };
  const refused = await openRecording({ url: path }, { maxQueueBytes: 1e6 }, listening, space);
  assert.ok("code" in refused && refused.code === "disk_full");
  assert.equal(await sizeOf(path), 0);
  freeBytes = 1e12;
  const begun = await openRecording({ url: path }, { maxQueueBytes: 1e6 }, listening, space);
  assert.ok(!("code" in begun));
  freeBytes = 1_000;
  assert.equal(await ended.promise, "disk_full");
});

test("a directory that cannot be written to ends the recording with a reason", async () => {
  const inTheWay = join(directory.path, "in-the-way");
  await mkdir(directory.path, { recursive: true });
  await writeFile(inTheWay, "");
  const outcome = await openRecording(
    { url: join(inTheWay, "a.mp4") },
    { maxQueueBytes: 1e6 },
    { ...listener, onClosed: () => {} },
  );
  assert.ok("code" in outcome && outcome.code === "disk_failed");
});
