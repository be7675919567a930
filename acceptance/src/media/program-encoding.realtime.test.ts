import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { describe, test } from "node:test";
import { promisify } from "node:util";
import { startNginxRtmp } from "@trax/peers";
import { startPublishing } from "@trax/peers/ffmpeg-publisher";
import type { ReceivedMedia } from "@trax/peers/rtmp-server/connection";
import { startRtmpServer } from "@trax/peers/rtmp-server/server";
import { at, listAt } from "../json.ts";
import { canvas, openComposedShow } from "./composed-show.ts";
import { eventually } from "./eventually.ts";
import { fileOwned, owned } from "./owned.ts";
import { publishUrl } from "./publishing.ts";
import { assertWholeRecording } from "./received.ts";

// What Twitch, YouTube and Kick publish as their encoder settings: H.264 of High or Main profile, 4:2:0, a keyframe
// every two seconds, a constant bitrate at most, AAC-LC at 48 kHz in stereo.

const nginx = fileOwned(() => startNginxRtmp());
const run = promisify(execFile);
const videoBitrate = 600_000;
const keyframeMs = 2_000;

/** Of an FLV video message in AVC: the types of its NAL units (ISO 14496-10, 7.4.1), or none of a header. */
function nalTypes({ payload }: ReceivedMedia): readonly number[] {
  const types: number[] = [];
  if (payload[1] !== 1) return types;
  for (let from = 5; from + 5 <= payload.length; from += 4 + payload.readUInt32BE(from))
    types.push((payload[from + 4] ?? 0) & 31);
  return types;
}

// Each takes two thirds of a processor, what it is measured by included.
describe("what comes out of the encoder", { concurrency: 2 }, () => {
  for (const frameRate of [30, 25])
    test(`at ${frameRate} frames a second, of the hardest picture there is`, async (context) => {
      const server = owned(context, await startRtmpServer());
      const live = await openComposedShow(context, await nginx(), {
        program: { ...canvas, frameRate, videoBitrate, audioBitrate: 128_000 },
      });
      await live.show.addDestination({ name: "Witness", url: server.url, streamKey: "witness" });
      const { id, session } = await live.show.addSource();
      const noise = "color=c=gray:s=320x180:r=30,noise=alls=100:allf=t";
      const input = ["-re", "-f", "lavfi", "-i", noise, "-re", "-f", "lavfi", "-i", "sine=frequency=440"];
      const codecs = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -b:v 3M -g 30 -c:a aac -f flv".split(" ");
      owned(context, await startPublishing([...input, ...codecs, publishUrl(session.ingest, "rtmp")]));
      await live.show.untilOnline(id);
      await live.goLive();
      const media = () => server.connections[0]?.media.filter(({ kind }) => kind === "video") ?? [];
      await eventually("enough is sent", media, ({ length }) => length > 9 * frameRate);
      const file = await live.finish();

      await assertWholeRecording(file, { frames: 8 * frameRate });
      const { stdout } = await run("ffprobe", ["-v", "error", "-of", "json", "-show_streams", file]);
      const streams = listAt(JSON.parse(stdout), "streams");
      const [video, audio] = ["video", "audio"].map((kind) => streams.find((one) => at(one, "codec_type") === kind));
      assert.ok(["High", "Main"].includes(String(at(video, "profile"))), String(at(video, "profile")));
      assert.deepEqual(
        ["codec_name", "pix_fmt", "width", "height", "r_frame_rate"].map((name) => at(video, name)),
        ["h264", "yuv420p", canvas.width, canvas.height, `${frameRate}/1`],
      );
      assert.deepEqual(
        ["codec_name", "profile", "sample_rate", "channels"].map((name) => at(audio, name)),
        ["aac", "LC", "48000", 2],
      );

      const messages = media().filter((message) => nalTypes(message).length > 0);
      const isKeyframe = ({ payload }: ReceivedMedia) => (payload[0] ?? 0) >> 4 === 1;
      const keyframes = messages.filter(isKeyframe);
      const steps = keyframes.slice(1).map(({ timestamp }, index) => timestamp - (keyframes[index]?.timestamp ?? 0));
      assert.ok(steps.length >= 3);
      for (const step of steps) assert.ok(Math.abs(step - keyframeMs) <= 1, `keyframes ${steps.join(", ")} ms apart`);
      for (const keyframe of keyframes)
        assert.ok(nalTypes(keyframe).includes(5), "an IDR picture: the group is closed");
      const [first, last] = [keyframes[0]?.timestamp ?? 0, keyframes.at(-1)?.timestamp ?? 0];
      const whole = messages.filter(({ timestamp }) => timestamp >= first && timestamp < last);
      const [bits, seconds] = [whole.reduce((sum, { size }) => sum + 8 * size, 0), (last - first) / 1_000];
      context.diagnostic(`${Math.round(bits / seconds / 1000)} kbit/s under a cap of ${videoBitrate / 1000}`);
      assert.ok(bits <= videoBitrate * (seconds + 1), `${bits} bits in ${seconds} s: a second of them may be in hand`);
      assert.ok(bits >= 0.5 * videoBitrate * seconds, `${bits} bits in ${seconds} s: what it may use it uses`);
    });
});
