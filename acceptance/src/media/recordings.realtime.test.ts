import assert from "node:assert/strict";
import { access, readFile, readdir, readlink } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { Recording } from "@trax/contract";
import { probeFrames, probeStreams, startMediaMtxPlain } from "@trax/peers";
import { newAccount } from "../account.ts";
import { startInstance } from "../instance.ts";
import type { OwnedInstance } from "../instance.ts";
import { descendantsOf } from "../process-search.ts";
import { eventually } from "./eventually.ts";
import { fileOwned } from "./owned.ts";
import { publish } from "./publishing.ts";
import { makeShow, openShow } from "./show.ts";
import type { Show } from "./show.ts";

// What is kept of a broadcast, and what is sent where WebRTC is spoken.

const instance = fileOwned(() => startInstance());
const webrtc = fileOwned(() => startMediaMtxPlain({ overridePublisher: true }));

const canvas = { width: 320, height: 180, frameRate: 30, videoBitrate: 1_000_000 } as const;

/** The process that writes a studio's recording; null while none does. */
async function writerOf({ pid: ancestor, dataDir }: OwnedInstance, studioId: string): Promise<number | null> {
  const files = join(dataDir, "recordings", studioId);
  for (const { pid } of await descendantsOf(ancestor)) {
    const directory = `/proc/${pid}/fd`;
    for (const fd of await readdir(directory).catch(() => []))
      if ((await readlink(join(directory, fd)).catch(() => "")).startsWith(files)) return pid;
  }
  return null;
}

async function recordingsOf(show: Show, broadcastId: string): Promise<readonly Recording[]> {
  return (await show.broadcast(broadcastId)).recordings;
}

/** Every frame decodes and comes after the one before, from a keyframe on; answers how many there are, and when the last is shown. */
async function assertPlays(file: string): Promise<{ readonly frames: number; readonly lastMs: number }> {
  const frames = await probeFrames(file);
  const times = frames.map((frame) => (frame.ptsSeconds ?? Number.NaN) * 1_000);
  assert.equal(frames[0]?.keyframe, true);
  assert.ok(times.slice(1).every((time, index) => time > (times[index] ?? Number.NaN)));
  return { frames: frames.length, lastMs: times.at(-1) ?? 0 };
}

/** What is downloaded is the file, and what was broken off is gone on with. */
async function assertDownloads({ account }: Show, recording: Recording | undefined, file: Buffer): Promise<void> {
  const url = recording?.downloadUrl ?? "";
  assert.equal(new URL(url).origin, new URL(account.instance.baseUrl).origin);
  const read = async (more: Readonly<Record<string, string>>, status: number) => {
    const answer = await fetch(url, { headers: { authorization: `Bearer ${account.key}`, ...more } });
    assert.equal(answer.status, status);
    return Buffer.from(await answer.arrayBuffer());
  };
  assert.ok((await read({}, 200)).equals(file));
  assert.ok((await read({ range: "bytes=1000-" }, 206)).equals(file.subarray(1_000)));
  assert.equal((await fetch(url)).status, 401);
}

describe("recordings and WHIP", { concurrency: 2 }, () => {
  for (const mode of ["composed", "passthrough"] as const) {
    test(`${mode}: a broadcast is recorded, and goes on in another file when its writer is killed`, async (context) => {
      const trax = await instance();
      const program = { mode, ...canvas };
      const show = await makeShow(await newAccount(trax), { program, recording: { enabled: true } });
      const source = await show.addSource();
      await publish(context, source.session.ingest);
      await show.untilOnline(source.id);
      const { broadcastId } = await show.goLive({ allowNoDestinations: true });
      assert.ok(broadcastId !== null);
      const pathOf = (at: number) => join(trax.dataDir, "recordings", show.studioId, `${broadcastId}-${at}.mp4`);
      const writer = await eventually(
        "a process writes",
        () => writerOf(trax, show.studioId),
        (pid) => pid !== null,
      );
      await eventually(
        "a few seconds are written",
        () => probeStreams(pathOf(1)).catch(() => []),
        (streams) => streams.some(({ kind, packets }) => kind === "video" && packets > 60),
      );
      assert.ok(writer !== null);
      process.kill(writer, "SIGKILL");
      const [first] = await eventually(
        "the file is settled, and another one begun",
        () => recordingsOf(show, broadcastId),
        ([one, two]) => one?.status === "ready" && two?.status === "recording",
      );
      const { frames, lastMs } = await assertPlays(pathOf(1));
      assert.ok(frames > 60, `${frames} frames`);
      assert.ok(Math.abs((first?.durationMs ?? 0) - lastMs) < 300, JSON.stringify([first, lastMs]));
      await eventually(
        "the other file grows",
        () => probeStreams(pathOf(2)).catch(() => []),
        (streams) => streams.some(({ kind, packets }) => kind === "video" && packets > 30),
      );
      await show.goOffline();
      await show.untilOffline();
      const settled = await recordingsOf(show, broadcastId);
      assert.deepEqual(
        settled.map(({ status, failureReason }) => [status, failureReason]),
        [
          ["ready", null],
          ["ready", null],
        ],
      );
      const streams = await probeStreams(pathOf(2));
      assert.deepEqual(streams.map(({ codec }) => codec).sort(), ["aac", "h264"]);
      await assertPlays(pathOf(2));
      await assertDownloads(show, settled[1], await readFile(pathOf(2)));
      assert.equal((await show.account.ask("DELETE", `/v1/studios/${show.studioId}`)).status, 204);
      await eventually(
        "its files go with the studio",
        () =>
          access(join(trax.dataDir, "recordings", show.studioId)).then(
            () => true,
            () => false,
          ),
        (isThere) => !isThere,
      );
    });
  }

  test("a WHIP destination takes H.264 and Opus, later than the program where it is set so", async (context) => {
    const [trax, server] = [await instance(), await webrtc()];
    const show = await openShow(context, trax, { program: { mode: "composed", ...canvas } });
    const source = await show.addSource();
    await publish(context, source.session.ingest);
    const prompt = await show.addDestination({ url: server.whipUrl("prompt"), streamKey: "token-1" });
    const late = await show.addDestination({ url: server.whipUrl("late"), streamKey: "token-2", delayMs: 10_000 });
    await show.goLive();
    await show.untilLive(prompt.id);
    assert.equal((await show.untilDestination(late.id, "it is there", () => true)).status, "idle");
    await show.untilLive(late.id);
    const paths = await Promise.all([server.waitForPath("prompt"), server.waitForPath("late")]);
    for (const { sourceType, tracks } of paths) {
      assert.equal(sourceType, "webRTCSession");
      assert.deepEqual([...tracks].sort(), ["H264", "Opus"]);
    }
    const told = await show.untilDestination(
      prompt.id,
      "its round trip is known",
      ({ roundTripMs }) => roundTripMs !== null,
    );
    assert.ok(told.lastTakenAt !== null && told.sentBytes > 0);
  });
});
