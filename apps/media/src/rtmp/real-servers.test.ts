import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, suite, test } from "node:test";
import { startFfmpegListener } from "@trax/peers/ffmpeg-listener";
import { startFfmpegPublisher } from "@trax/peers/ffmpeg-publisher";
import { type MediaMtxPlain, startMediaMtxPlain } from "@trax/peers/mediamtx-plain";
import { type NginxRtmp, startNginxRtmp } from "@trax/peers/nginx-rtmp";
import { type NodeMediaServer, startNodeMediaServer } from "@trax/peers/node-media-server";
import { waitFor } from "@trax/peers/wait-for";
import { readAudioFormat, readVideoFormat } from "./formats.ts";
import type { MediaMessage } from "./message.ts";
import { makeTestMedia, readFlv } from "./testing/flv.ts";
import { startPlaying } from "./testing/playing.ts";
import { sendInRealTime, startPublishing } from "./testing/publishing.ts";

let media: MediaMessage[] = [];

before(async () => {
  media = await makeTestMedia({ seconds: 6, bitrate: 1_000_000 });
});

function videoFrames(messages: readonly MediaMessage[]): [number, string][] {
  return messages
    .filter(({ kind, configuration }) => kind === "video" && !configuration)
    .map(({ timestamp, payload }) => [timestamp, payload.toString("hex", 0, 40) + payload.length]);
}

suite("real servers", { concurrency: 4 }, () => {
  suite("ffmpeg as a server", { concurrency: 1 }, () => {
    test("gets every frame, at its time", async () => {
      const listener = await startFfmpegListener({ protocol: "rtmp" });
      try {
        const { publisher, started, taken, closed, sendAll } = startPublishing(listener.serverUrl, "listener-key");
        await started;
        sendAll(media);
        await taken;
        publisher.close();
        assert.equal(await closed, null);
        await listener.process.exited;
        const received = readFlv(await readFile(listener.file));
        const sent = videoFrames(media).filter(([, bytes]) => bytes !== "");
        // ffmpeg drops what ends a stream, and writes its own.
        const frames = videoFrames(received).filter(([, bytes]) => !bytes.startsWith("1702"));
        assert.deepEqual(
          frames,
          sent.filter(([, bytes]) => !bytes.startsWith("1702")),
        );
      } finally {
        await listener.stop();
      }
    });
  });

  suite("nginx-rtmp", { concurrency: 1 }, () => {
    let nginx: NginxRtmp | null = null;
    before(async () => {
      nginx = await startNginxRtmp({ keys: ["right-key"] });
    });
    after(() => nginx?.stop());

    test("takes the stream, acknowledges, and gives it back to our player as it was", async () => {
      const url = nginx?.liveUrl ?? "";
      const playing = startPlaying(url, "there");
      const publishing = startPublishing(url, "there");
      await publishing.started;
      const stop = sendInRealTime(media, publishing.publisher);
      await publishing.taken;
      await waitFor("frames come back", () => videoFrames(playing.messages).length >= 60);
      stop();
      assert.equal(publishing.publisher.taken().acknowledges, true);
      assert.deepEqual(
        (await nginx?.streams())?.map(({ application, name, publishing: on }) => [application, name, on]),
        [["live", "there", true]],
      );
      const sent = videoFrames(media).map(([, bytes]) => bytes);
      const got = videoFrames(playing.messages).map(([, bytes]) => bytes);
      const first = sent.indexOf(got[0] ?? "");
      assert.ok(first >= 0);
      assert.deepEqual(got.slice(0, 60), sent.slice(first, first + 60));
      const formats = playing.messages.map((message) => readVideoFormat(message) ?? readAudioFormat(message));
      assert.ok(formats.some((format) => format?.codec === "h264" && "width" in format && format.width === 320));
      assert.ok(formats.some((format) => format?.codec === "aac" && "channels" in format && format.channels === 2));
      publishing.publisher.close();
      playing.player.close();
      assert.deepEqual([await publishing.closed, await playing.closed], [null, null]);
    });

    test("refuses a wrong key and takes the right one", async () => {
      const url = nginx?.keyedUrl ?? "";
      const wrong = startPublishing(url, "wrong-key");
      const reason = await wrong.closed;
      assert.equal(reason?.code, "auth_refused", reason?.message);
      assert.deepEqual(wrong.events, ["closed"]);
      const right = startPublishing(url, "right-key");
      await right.started;
      right.publisher.close();
      assert.equal(await right.closed, null);
    });

    test("refuses a name in use, an application it does not know, and does not disturb the first", async () => {
      const url = nginx?.liveUrl ?? "";
      const first = startPublishing(url, "busy");
      await first.started;
      const second = await startPublishing(url, "busy").closed;
      assert.equal(second?.code, "name_in_use", second?.message);
      assert.match(second?.message ?? "", /Already publishing/);
      const unknown = await startPublishing(url.replace("/live", "/nowhere"), "any").closed;
      assert.equal(unknown?.code, "auth_refused", unknown?.message);
      first.sendAll(media);
      await first.taken;
      first.publisher.close();
      assert.equal(await first.closed, null);
    });

    test("with nobody publishing keeps a player waiting, which gives up", async () => {
      const { closed } = startPlaying(nginx?.liveUrl ?? "", "absent", { firstMediaTimeoutMs: 500 });
      assert.deepEqual(await closed, { code: "connect_failed", message: "The server sent no media in time." });
    });

    test("that freezes is noticed, and takes what was sent once it thaws", async () => {
      const publishing = startPublishing(nginx?.liveUrl ?? "", "frozen", { writeTimeoutMs: 2000 });
      await publishing.started;
      const stop = sendInRealTime(media, publishing.publisher);
      await publishing.taken;
      nginx?.process.signal("SIGSTOP");
      const reason = await publishing.closed;
      nginx?.process.signal("SIGCONT");
      stop();
      assert.equal(reason?.code, "write_timeout", reason?.message);
    });
  });

  suite("MediaMTX", { concurrency: 1 }, () => {
    let mediamtx: MediaMtxPlain | null = null;
    before(async () => {
      mediamtx = await startMediaMtxPlain();
    });
    after(() => mediamtx?.stop());

    test("takes RTMP and RTMPS, and its name is verified", async () => {
      const { rtmpUrl = "", rtmpsUrl = "", certificate } = mediamtx ?? {};
      const tls = { serverName: "localhost", ca: certificate?.pem ?? "" };
      for (const [url, name, options] of [
        [rtmpUrl, "plain", {}],
        [rtmpsUrl, "secure", { tls }],
      ] as const) {
        const publishing = startPublishing(url, name, options);
        await publishing.started;
        const stop = sendInRealTime(media, publishing.publisher);
        await publishing.taken;
        const path = await mediamtx?.waitForPath(`live/${name}`, 100_000);
        assert.deepEqual(path?.tracks, ["H264", "MPEG-4 Audio"]);
        stop();
        publishing.publisher.close();
        assert.equal(await publishing.closed, null);
      }
      const reason = await startPublishing(rtmpsUrl, "other", { tls: { ...tls, serverName: "other.example" } }).closed;
      assert.equal(reason?.code, "tls_failed", reason?.message);
    });

    test("gives our player what ffmpeg published, HEVC by Enhanced RTMP included", async () => {
      const { rtmpUrl = "", srtPublishUrl } = mediamtx ?? {};
      for (const [video, audio, sampleRate] of [
        ["h264", "aac", 48_000],
        ["hevc", "opus", 48_000],
        // MediaMTX closes on a reader of MP3 at 48 kHz, which FLV's own field cannot say.
        ["h264", "mp3", 44_100],
      ] as const) {
        const name = `live/${video}-${audio}`;
        const ffmpeg = await startFfmpegPublisher({ url: srtPublishUrl?.(name) ?? "", video, audio, sampleRate });
        try {
          await mediamtx?.waitForPath(name, 50_000);
          const playing = startPlaying(rtmpUrl, `${video}-${audio}`);
          await waitFor(
            `${video} and ${audio} arrive`,
            () =>
              playing.messages.filter(({ kind, keyframe }) => kind === "video" && keyframe).length >= 2 &&
              playing.messages.some((message) => readAudioFormat(message) !== null),
          );
          const formats = playing.messages.flatMap((message) => readVideoFormat(message) ?? []);
          assert.deepEqual([formats[0]?.codec, formats[0]?.width, formats[0]?.height], [video, 320, 180]);
          const sound = playing.messages.flatMap((message) => readAudioFormat(message) ?? []);
          assert.deepEqual([sound[0]?.codec, sound[0]?.sampleRate], [audio, sampleRate]);
          playing.player.close();
          assert.equal(await playing.closed, null);
        } finally {
          await ffmpeg.stop();
        }
      }
    });

    test("closes on a player of a stream that is not there", async () => {
      const reason = await startPlaying(mediamtx?.rtmpUrl ?? "", "absent").closed;
      assert.ok(reason !== null);
      assert.notEqual(reason.code, "protocol_error");
    });

    test("says no to a second publisher only after it agreed", async () => {
      const { rtmpUrl = "" } = mediamtx ?? {};
      const first = startPublishing(rtmpUrl, "busy");
      await first.started;
      const stopFirst = sendInRealTime(media, first.publisher);
      await mediamtx?.waitForPath("live/busy");
      const second = startPublishing(rtmpUrl, "busy");
      await second.started;
      const stopSecond = sendInRealTime(media, second.publisher);
      const reason = await second.closed;
      stopSecond();
      assert.match(reason?.message ?? "", /refused or in use/);
      stopFirst();
      first.publisher.close();
      assert.equal(await first.closed, null);
    });
  });

  suite("node-media-server, which never acknowledges", { concurrency: 1 }, () => {
    let server: NodeMediaServer | null = null;
    before(async () => {
      server = await startNodeMediaServer({ secret: "a-secret" });
    });
    after(() => server?.stop());

    test("is believed after a while, and noticed when it freezes", async () => {
      const publishing = startPublishing(server?.rtmpUrl ?? "", server?.streamKey("show") ?? "", {
        writeTimeoutMs: 2000,
      });
      await publishing.started;
      const stop = sendInRealTime(media, publishing.publisher);
      await publishing.taken;
      assert.equal(publishing.publisher.taken().acknowledges, false);
      const inBytes = (await server?.publishers())?.[0]?.inBytes ?? 0;
      assert.ok(inBytes > 100_000, String(inBytes));
      server?.signal("SIGSTOP");
      const reason = await publishing.closed;
      server?.signal("SIGCONT");
      stop();
      assert.equal(reason?.code, "write_timeout", reason?.message);
    });

    test("refuses a key after it agreed", async () => {
      const wrong = startPublishing(server?.rtmpUrl ?? "", "show?sign=1-nonsense");
      const reason = await wrong.closed;
      assert.equal(reason?.code, "auth_refused", reason?.message);
    });
  });
});
