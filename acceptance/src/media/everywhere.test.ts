import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import type { TestContext } from "node:test";
import type { Destination, StreamStatus } from "@trax/contract";
import { startFfmpegListener, startMediaMtxPlain, startNginxRtmp, startNodeMediaServer } from "@trax/peers";
import { startRtmpServer } from "@trax/peers/rtmp-server/server";
import { startInstance } from "../instance.ts";
import { eventually } from "./eventually.ts";
import { assertEachChangeOnce, followEvents } from "./event-log.ts";
import { isPublished, newKey } from "./nginx-view.ts";
import { fileOwned, owned } from "./owned.ts";
import { publish } from "./publishing.ts";
import type { IngestName } from "./publishing.ts";
import { assertWholeRecording } from "./received.ts";
import { openShow } from "./show.ts";
import type { Show } from "./show.ts";

// One show on five real servers at once, from each protocol that sources come by.

/** An operator's own authority, as Node takes it: what verifies the plain MediaMTX. */
const instance = fileOwned(async () => {
  const { certificate } = await mediaMtx();
  return startInstance({ NODE_EXTRA_CA_CERTS: certificate.certPath });
});
const mediaMtx = fileOwned(() => startMediaMtxPlain({ record: true }));
const nginx = fileOwned(() => startNginxRtmp());
const nodeMediaServer = fileOwned(() => startNodeMediaServer());

type Receiver = {
  readonly destination: Destination;
  /** Somebody publishes there at this moment. */
  readonly isPublished: () => Promise<boolean>;
  /** What it wrote down; null where it writes nothing. */
  readonly recording: () => Promise<string | null>;
  /** MediaMTX's recorder throws the first picture away where the sound begins before the second. */
  readonly beginsLate?: boolean;
};

/** Five seconds of picture, several keyframe groups, beside what it took to be live. */
const frames = 150;

async function receivers(context: TestContext, show: Show): Promise<readonly Receiver[]> {
  const [first, second, third] = [await nginx(), await mediaMtx(), await nodeMediaServer()];
  const fourth = owned(context, await startFfmpegListener({ protocol: "srt" }));
  const key = newKey();
  const onMediaMtx = async (path: string) => (await second.paths()).some((one) => one.name === path && one.online);
  const recordedByMediaMtx = async (path: string) => {
    const directory = join(second.recordDirectory, path);
    const [file] = (await readdir(directory)).toSorted();
    return file === undefined ? null : join(directory, file);
  };
  return [
    {
      destination: await show.addDestination({ name: "nginx", url: first.liveUrl, streamKey: key }),
      isPublished: () => isPublished(first, key),
      recording: async () => (await first.recordings(key))[0] ?? null,
    },
    {
      destination: await show.addDestination({ name: "MediaMTX, RTMPS", url: second.rtmpsUrl, streamKey: key }),
      isPublished: () => onMediaMtx(`live/${key}`),
      recording: () => recordedByMediaMtx(`live/${key}`),
      beginsLate: true,
    },
    {
      destination: await show.addDestination({ name: "MediaMTX, SRT", url: second.srtPublishUrl(`srt/${key}`) }),
      isPublished: () => onMediaMtx(`srt/${key}`),
      recording: () => recordedByMediaMtx(`srt/${key}`),
      beginsLate: true,
    },
    {
      destination: await show.addDestination({ name: "node-media-server", url: third.rtmpUrl, streamKey: key }),
      isPublished: async () => (await third.publishers()).some((one) => one.streamPath === `/live/${key}`),
      recording: () => Promise.resolve(null),
    },
    {
      destination: await show.addDestination({ name: "ffmpeg, SRT", url: fourth.url }),
      isPublished: () => Promise.resolve(!fourth.process.hasExited()),
      recording: () => Promise.resolve(fourth.file),
    },
  ];
}

/** Reads the status until it is so, and answers all that was read. */
async function watch(
  show: Show,
  what: string,
  isSo: (status: StreamStatus) => boolean,
): Promise<readonly StreamStatus[]> {
  const seen: StreamStatus[] = [];
  await eventually(
    what,
    async () => {
      const status = await show.status();
      seen.push(status);
      return status;
    },
    isSo,
  );
  return seen;
}

/** What is true of one status, whatever moment it is of. */
function assertTruthful(before: StreamStatus | undefined, status: StreamStatus): void {
  const seen = JSON.stringify({ before, status });
  const live = status.destinations.filter((one) => one.status === "live");
  if (status.startedAt === null) assert.notEqual(status.state, "live", seen);
  if (status.state === "live" && before?.state === "starting") assert.ok(live.length > 0, seen);
  for (const one of live) assert.notEqual(one.connectedAt, null, seen);
  for (const one of status.destinations) {
    const last = before?.destinations.find(({ destinationId }) => destinationId === one.destinationId);
    assert.ok(one.sentBytes >= (last?.sentBytes ?? 0), `bytes grow: ${seen}`);
  }
}

describe("one show on five real servers", { concurrency: 3 }, () => {
  for (const protocol of ["rtmp", "rtmps", "srt"] satisfies IngestName[]) {
    test(`from a source by ${protocol}`, async (context) => {
      const show = await openShow(context, await instance());
      const log = await followEvents(show.account, show.studioId);
      context.after(log.close);
      const source = await show.addSource();
      const publisher = await publish(context, source.session.ingest, protocol, { bitrate: 800_000 });
      await show.untilOnline(source.id);

      const seen = await show.source(source.id);
      assert.equal(seen.protocol, protocol);
      const { codec, width, height } = seen.video ?? {};
      assert.deepEqual({ codec, width, height }, { codec: "h264", width: 320, height: 180 });
      assert.deepEqual({ ...seen.audio, bitrate: 0 }, { codec: "aac", sampleRate: 48_000, channels: 2, bitrate: 0 });
      assert.equal((await show.status()).health.level, "offline");

      const all = await receivers(context, show);
      const asked = performance.now();
      const starting = await show.goLive();
      context.diagnostic(`go-live answered in ${Math.round(performance.now() - asked)} ms`);
      assert.equal(starting.state, "starting");
      const { broadcastId } = starting;
      assert.ok(broadcastId !== null);

      const coming = await watch(show, "every destination is live", (status) =>
        status.destinations.every((one) => one.status === "live"),
      );
      const sentSinceLive = publisher.frames();
      const running = await watch(
        show,
        "five seconds of it arrived everywhere",
        (status) =>
          publisher.frames() > sentSinceLive + frames &&
          status.destinations.every((one) => one.status === "live" && one.sentBytes > 300_000),
      );
      const statuses = [starting, ...coming, ...running];
      statuses.forEach((status, index) => assertTruthful(statuses[index - 1], status));
      assert.deepEqual([...new Set(statuses.map((status) => status.state))], ["starting", "live"]);

      const steady = running.at(-1) ?? starting;
      assert.equal(steady.health.level, "good", JSON.stringify(steady.health));
      assert.equal(steady.broadcastId, broadcastId);
      assert.equal(steady.program.width, 320);
      assert.equal(steady.program.height, 180);
      assert.equal(Math.round(steady.program.frameRate ?? 0), 30);
      assert.equal(Math.round((await show.source(source.id)).video?.frameRate ?? 0), 30);
      for (const one of steady.destinations) {
        assert.deepEqual([one.reconnects, one.droppedFrames, one.lastError], [0, 0, null], JSON.stringify(one));
      }
      // 800 kbit/s of picture and 96 of sound, and what the protocols add; at first also the keyframe group sent at once.
      await watch(show, "every bitrate is that of the stream", ({ sources, destinations }) =>
        [...sources, ...destinations].every(({ bitrate }) => bitrate > 600_000 && bitrate < 1_400_000),
      );
      for (const one of all) assert.ok(await one.isPublished(), `${one.destination.name} is published to`);

      const stopping = await show.goOffline();
      assert.ok(["stopping", "offline"].includes(stopping.state), stopping.state);
      const offline = await show.untilOffline();
      assert.deepEqual([...new Set(offline.destinations.map((one) => one.status))], ["idle"]);
      assert.deepEqual([offline.broadcastId, offline.health.level], [null, "offline"]);
      for (const one of all)
        await eventually(`${one.destination.name} sees the end`, one.isPublished, (published) => !published);

      const broadcast = await show.broadcast(broadcastId);
      assert.ok(broadcast.startedAt !== null && broadcast.endedAt !== null);
      assert.ok(Date.parse(broadcast.startedAt) < Date.parse(broadcast.endedAt));
      assert.equal(broadcast.endReason, "requested");
      const listed = await show.ask("GET", "/broadcasts");
      assert.deepEqual(listed.json, { data: [broadcast], nextCursor: null });

      for (const { destination, recording, beginsLate = false } of all) {
        const told = broadcast.destinations.find(({ destinationId }) => destinationId === destination.id);
        assert.ok(told !== undefined && told.sentBytes > 300_000, `${destination.name}: ${JSON.stringify(told)}`);
        const file = await recording();
        if (file === null) continue;
        const { bytes, packets } = await assertWholeRecording(file, { frames, beginsLate });
        context.diagnostic(`${destination.name}: ${packets} frames, ${bytes} bytes, told ${told.sentBytes}`);
      }
      for (const { destination } of all)
        assert.deepEqual(log.statusesOf(destination.id), ["live", "idle"], destination.name);
      assert.deepEqual(log.statusesOf(source.id), ["online"]);
      assert.deepEqual(
        log.told().filter((what) => what.startsWith("stream.")),
        ["stream.live", "stream.offline"],
      );
      assertEachChangeOnce(log.events);
    });
  }

  test("a certificate of the operator's own authority is for its own names only", async (context) => {
    const { certificate } = await mediaMtx();
    const tls = { key: await readFile(certificate.keyPath, "utf8"), cert: certificate.pem };
    const server = owned(context, await startRtmpServer({ host: "127.0.0.2", tls }));
    const show = await openShow(context, await instance());
    const source = await show.addSource();
    await publish(context, source.session.ingest);
    const { id } = await show.addDestination({ url: server.url, streamKey: newKey() });
    await show.goLive();
    const { lastError } = await show.untilDestination(id, "refused", (told) => told.lastError !== null);
    assert.equal(lastError?.code, "tls_failed");
    assert.match(lastError?.message ?? "", /for another name/);
    assert.equal(server.connections.length, 0, "nothing was said to it");
  });
});
