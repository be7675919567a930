import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { ensurePeer, probeFrames } from "@trax/peers";
import { listAt, textAt } from "../json.ts";

/** What a receiver wrote down of one kind, in the order in which it came. */
export type ReceivedTrack = {
  readonly codec: string;
  readonly packets: number;
  readonly bytes: number;
  readonly startsWithKeyframe: boolean;
  /** The longest and the shortest step between two packets, ms. */
  readonly longestStepMs: number;
  readonly shortestStepMs: number;
  readonly durationMs: number;
};

const run = promisify(execFile);

/** Reads a file that a receiver wrote. */
export async function receivedTrack(file: string, kind: "video" | "audio"): Promise<ReceivedTrack> {
  await ensurePeer("ffmpeg");
  const entries = "stream=codec_name:packet=dts_time,size,flags";
  const { stdout } = await run(
    "ffprobe",
    ["-v", "error", "-of", "json", "-select_streams", kind === "video" ? "v" : "a", "-show_entries", entries, file],
    { maxBuffer: 256 << 20 },
  );
  const probed: unknown = JSON.parse(stdout);
  const packets = listAt(probed, "packets").map((packet) => ({
    dtsMs: Number(textAt(packet, "dts_time")) * 1000,
    bytes: Number(textAt(packet, "size")),
    keyframe: textAt(packet, "flags").startsWith("K"),
  }));
  const steps = packets.slice(1).map((packet, index) => packet.dtsMs - (packets[index]?.dtsMs ?? 0));
  return {
    codec: textAt(probed, "streams", 0, "codec_name"),
    packets: packets.length,
    bytes: packets.reduce((sum, packet) => sum + packet.bytes, 0),
    startsWithKeyframe: packets[0]?.keyframe === true,
    longestStepMs: Math.max(0, ...steps),
    shortestStepMs: Math.min(Number.POSITIVE_INFINITY, ...steps),
    durationMs: (packets.at(-1)?.dtsMs ?? 0) - (packets[0]?.dtsMs ?? 0),
  };
}

/** A frame takes 33 ms at 30 a second, 21 ms of AAC at 48 kHz; times are rounded to whole ms on the way. */
const longest = { video: 50, audio: 45 };

/**
 * The file has this many frames at least and begins with a keyframe (unless
 * its recorder begins late), none is left out, none comes twice, all decode,
 * and the sound beside them is AAC without a gap. Answers the picture.
 */
export async function assertWholeRecording(
  file: string,
  { frames, beginsLate = false }: { readonly frames: number; readonly beginsLate?: boolean },
): Promise<ReceivedTrack> {
  const video = await receivedTrack(file, "video");
  const audio = await receivedTrack(file, "audio");
  const seen = `${file}: ${JSON.stringify({ video, audio })}`;
  assert.equal(video.codec, "h264", seen);
  assert.equal(audio.codec, "aac", seen);
  assert.ok(video.packets >= frames, `at least ${frames} frames: ${seen}`);
  assert.ok(video.longestStepMs <= longest.video && video.shortestStepMs > 0, `every frame once: ${seen}`);
  assert.ok(audio.longestStepMs <= longest.audio && audio.shortestStepMs > 0, `sound without a gap: ${seen}`);
  assert.ok(Math.abs(audio.durationMs - video.durationMs) < 1_000, `sound beside the picture: ${seen}`);
  if (beginsLate) return video;
  assert.ok(video.startsWithKeyframe, `begins with a keyframe: ${seen}`);
  assert.equal((await probeFrames(file)).length, video.packets, `every frame decodes: ${seen}`);
  return video;
}
