import assert from "node:assert/strict";
import { readdir } from "node:fs/promises";
import { describe, test } from "node:test";
import {
  probeFrames,
  probeStreams,
  startFfmpegListener,
  startFfmpegPublisher,
  startMediaMtxPlain,
  startNginxRtmp,
  startNodeMediaServer,
  waitFor,
} from "./index.ts";

const seconds = 2;
const fps = 15;

describe("real servers for tests", { concurrency: 2 }, () => {
  test("nginx-rtmp takes what ffmpeg sends, records every frame, and refuses a key it does not know", async () => {
    const nginx = await startNginxRtmp({ keys: ["good"] });
    try {
      const publisher = await startFfmpegPublisher({ url: `${nginx.liveUrl}/show`, seconds, fps });
      await waitFor("nginx counts a publisher", async () =>
        (await nginx.streams()).some((stream) => stream.name === "show" && stream.publishing && stream.bytesIn > 0),
      );
      assert.equal(await publisher.exited, 0, publisher.output());
      const recorded = await waitFor("a recording", async () => (await nginx.recordings("show"))[0]);
      await waitFor("nginx is done with it", async () =>
        (await nginx.streams()).every(({ publishing }) => !publishing),
      );
      const streams = await probeStreams(recorded);
      assert.deepEqual(
        streams.map(({ codec }) => codec),
        ["h264", "aac"],
      );
      assert.equal(streams[0]?.packets, seconds * fps);
      assert.equal((await probeFrames(recorded)).length, seconds * fps);

      const good = await startFfmpegPublisher({ url: `${nginx.keyedUrl}/good`, seconds: 1, fps });
      assert.equal(await good.exited, 0, good.output());
      const bad = await startFfmpegPublisher({ url: `${nginx.keyedUrl}/bad`, seconds: 1, fps });
      assert.notEqual(await bad.exited, 0);
    } finally {
      await nginx.stop();
    }
  });

  for (const protocol of ["rtmp", "srt"] as const)
    test(`ffmpeg's ${protocol} listener counts the frames it receives and keeps them`, async () => {
      const listener = await startFfmpegListener({ protocol });
      try {
        const publisher = await startFfmpegPublisher({ url: listener.url, fps });
        try {
          await listener.waitForFrames(10);
        } finally {
          await publisher.stop();
        }
        await listener.finish();
        const streams = await probeStreams(listener.file);
        assert.ok((streams.find(({ kind }) => kind === "video")?.packets ?? 0) >= 10);
      } finally {
        await listener.stop();
      }
    });

  test("a plain MediaMTX takes RTMP, RTMPS and SRT and tells what it receives", async () => {
    const mediamtx = await startMediaMtxPlain({ record: true });
    const urls = [
      [`${mediamtx.rtmpUrl}/plain`, "live/plain", "rtmpConn"],
      [`${mediamtx.rtmpsUrl}/tls`, "live/tls", "rtmpsConn"],
      [mediamtx.srtPublishUrl("live/srt"), "live/srt", "srtConn"],
    ] as const;
    try {
      for (const [url, path, type] of urls) {
        const publisher = await startFfmpegPublisher({ url, fps });
        try {
          const received = await mediamtx.waitForPath(path, 1000);
          assert.equal(received.sourceType, type);
          assert.deepEqual(received.tracks, ["H264", "MPEG-4 Audio"]);
        } finally {
          await publisher.stop();
        }
      }
      assert.equal((await readdir(`${mediamtx.recordDirectory}/live/plain`)).length, 1);
    } finally {
      await mediamtx.stop();
    }
  });

  test("node-media-server takes a signed key, and drops who has none", async () => {
    const server = await startNodeMediaServer({ secret: "of the test" });
    try {
      const good = await startFfmpegPublisher({ url: `${server.rtmpUrl}/${server.streamKey("show")}`, fps });
      try {
        await waitFor("node-media-server counts bytes", async () =>
          (await server.publishers()).some(({ streamPath, inBytes }) => streamPath === "/live/show" && inBytes > 5000),
        );
      } finally {
        await good.stop();
      }
      const bad = await startFfmpegPublisher({ url: `${server.rtmpUrl}/show`, seconds: 5, fps });
      assert.notEqual(await bad.exited, 0);
    } finally {
      await server.stop();
    }
  });
});
