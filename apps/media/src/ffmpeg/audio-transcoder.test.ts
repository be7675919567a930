import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import {
  type MediaMtxPlain,
  type NginxRtmp,
  probeStreams,
  startFfmpegPublisher,
  startMediaMtxPlain,
  startNginxRtmp,
  waitFor,
} from "@trax/peers";
import { relaySpec, startRelayWorker } from "../relay/testing/relay-worker.ts";

let router: MediaMtxPlain;
let nginx: NginxRtmp;

before(async () => {
  [router, nginx] = await Promise.all([startMediaMtxPlain(), startNginxRtmp()]);
});

after(async () => {
  await Promise.all([router.stop(), nginx.stop()]);
});

for (const { audio, sampleRate } of [
  { audio: "opus", sampleRate: 48_000 },
  { audio: "mp3", sampleRate: 44_100 },
  { audio: "aac", sampleRate: 44_100 },
] as const) {
  test(`${audio} reaches destinations as AAC`, async () => {
    const publisher = await startFfmpegPublisher({ url: router.srtPublishUrl(`live/${audio}`), audio, sampleRate });
    const worker = await startRelayWorker();
    try {
      const destination = {
        destinationId: "dst",
        revision: 1,
        protocol: "rtmp",
        url: nginx.liveUrl,
        streamKey: audio,
      } as const;
      const spec = { ...relaySpec(`${router.rtmpUrl}/${audio}`, [destination]), transcodeAudio: true };
      worker.tell({ type: "relay", spec });
      const report = await waitFor("the source's sound is known", () =>
        worker.reports.find((each) => each.type === "source" && each.flowing && each.audio !== null),
      );
      assert.equal(report.type === "source" && report.audio?.codec, audio);
      await worker.waitForStatus("dst", "live");
      await waitFor("three seconds of it", async () =>
        (await nginx.streams()).some((stream) => stream.name === audio && stream.bytesIn > 180_000),
      );
      worker.tell({ type: "stop" });
      await worker.exited;
    } finally {
      await worker.stop();
      await publisher.stop();
    }
    await waitFor("nginx has it whole", async () => !(await nginx.streams()).some((stream) => stream.name === audio));
    const [file] = await nginx.recordings(audio);
    assert.ok(file);
    const streams = await probeStreams(file);
    const sound = streams.find((stream) => stream.kind === "audio");
    const picture = streams.find((stream) => stream.kind === "video");
    assert.equal(sound?.codec, "aac");
    const rate = sound.sampleRate ?? 0;
    assert.equal(rate, audio === "aac" ? sampleRate : 48_000);
    // As much sound as picture, but for the encoder's start and the moment of the cut.
    const seconds = { sound: (sound.packets * 1_024) / rate, picture: (picture?.packets ?? 0) / 30 };
    assert.ok(Math.abs(seconds.sound - seconds.picture) < 0.7, JSON.stringify(seconds));
  });
}
