import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  type FfmpegPublisher,
  freeUdpPort,
  isListening,
  type MediaMtxPlain,
  probeStreams,
  startChild,
  startFfmpegListener,
  startFfmpegPublisher,
  startMediaMtxPlain,
  waitFor,
} from "@trax/peers";
import type { RelayDestination } from "../relay/protocol.ts";
import { relaySpec, startRelayWorker, type TestWorker } from "../relay/testing/relay-worker.ts";

let router: MediaMtxPlain;
let publisher: FfmpegPublisher;
let worker: TestWorker;
let source: string;

before(async () => {
  router = await startMediaMtxPlain();
  source = `${router.rtmpUrl}/cam`;
  publisher = await startFfmpegPublisher({ url: source });
  await router.waitForPath("live/cam");
  worker = await startRelayWorker();
});

after(async () => {
  await worker.stop();
  await publisher.stop();
  await router.stop();
});

function srt(destinationId: string, url: string, streamKey: string | null = null): RelayDestination {
  return { destinationId, revision: 1, protocol: "srt", url, streamKey };
}

test("ffmpeg's listener receives the source whole", async () => {
  const listener = await startFfmpegListener({ protocol: "srt" });
  try {
    worker.tell({ type: "relay", spec: relaySpec(source, [srt("ffmpeg", listener.serverUrl)]) });
    await worker.waitForStatus("ffmpeg", "live");
    await listener.waitForFrames(60);
    const gauge = await waitFor(
      "a gauge with bytes",
      () => (worker.gauge("ffmpeg")?.bitrate ?? 0) > 0 && worker.gauge("ffmpeg"),
    );
    assert.equal(gauge.droppedFrames, 0);
    assert.ok(typeof gauge.roundTripMs === "number" && gauge.roundTripMs < 1_000, JSON.stringify(gauge));
    worker.tell({ type: "relay", spec: relaySpec(source) });
    await worker.waitForStatus("ffmpeg", "idle");
    await listener.finish();
    const streams = await probeStreams(listener.file);
    assert.deepEqual(streams.map((stream) => `${stream.kind} ${stream.codec}`).sort(), ["audio aac", "video h264"]);
    assert.ok((streams.find((stream) => stream.kind === "video")?.packets ?? 0) >= 60);
  } finally {
    await listener.stop();
  }
});

test("MediaMTX takes it by the stream id, in the URL or as the key", async () => {
  const bare = router.srtPublishUrl("x").split("?")[0] ?? "";
  const destinations = [srt("in-url", router.srtPublishUrl("by-url")), srt("as-key", bare, "publish:by-key")];
  worker.tell({ type: "relay", spec: relaySpec(source, destinations) });
  await worker.waitForStatus("in-url", "live");
  await worker.waitForStatus("as-key", "live");
  await waitFor("a gauge with the round trip", () => typeof worker.gauge("as-key")?.roundTripMs === "number");
  const path = await router.waitForPath("by-key");
  assert.equal(path.sourceType, "srtConn");
  assert.deepEqual([...path.tracks].sort(), ["H264", "MPEG-4 Audio"]);
  await router.waitForPath("by-url");
});

test("a refused stream id, a wrong passphrase and a dead port each say so", async () => {
  const port = await freeUdpPort();
  const guarded = await startChild("ffmpeg", [
    ..."-loglevel quiet -f mpegts -i".split(" "),
    `srt://127.0.0.1:${port}?mode=listener&passphrase=the-right-passphrase`,
    ..."-f null -".split(" "),
  ]);
  try {
    await waitFor("ffmpeg listens", () => isListening("udp", port));
    const destinations = [
      srt("bad-id", router.srtPublishUrl("x").replace("publish:x", "nonsense:x")),
      srt("bad-passphrase", `srt://127.0.0.1:${port}?passphrase=the-wrong-passphrase`),
      srt("nobody", `srt://127.0.0.1:${await freeUdpPort()}`),
      srt("internal", "srt://[::ffff:192.168.0.1]:9000"),
    ];
    worker.tell({ type: "relay", spec: relaySpec(source, destinations) });
    assert.equal((await worker.waitForStatus("bad-id", "failed")).lastError?.code, "auth_refused");
    assert.equal((await worker.waitForStatus("bad-passphrase", "failed")).lastError?.code, "auth_refused");
    assert.equal((await worker.waitForStatus("internal", "failed")).lastError?.code, "address_refused");
    const nobody = await waitFor("the dead port is noticed", () => worker.destination("nobody")?.lastError);
    assert.equal(nobody.code, "connect_failed");
    assert.ok(!worker.output().includes("passphrase="), "no secret is printed");
  } finally {
    await guarded.stop();
  }
});

test("a frozen server is noticed, while another goes on", async () => {
  const frozen = await startMediaMtxPlain({ overridePublisher: true });
  try {
    const destinations = [srt("frozen", frozen.srtPublishUrl("x")), srt("steady", router.srtPublishUrl("steady"))];
    worker.tell({ type: "relay", spec: relaySpec(source, destinations) });
    await worker.waitForStatus("frozen", "live");
    await worker.waitForStatus("steady", "live");
    frozen.process.signal("SIGSTOP");
    await worker.waitForStatus("frozen", "reconnecting");
    assert.equal(worker.destination("steady")?.status, "live");
    frozen.process.signal("SIGCONT");
    assert.equal((await worker.waitForStatus("frozen", "live")).reconnects, 1);
  } finally {
    worker.tell({ type: "drop", studioId: "std_a" });
    await worker.waitForStatus("frozen", "idle");
    await frozen.stop();
  }
});
