import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { ensurePeer } from "@trax/peers";

const run = promisify(execFile);

export type StreamFile = {
  /** An FLV file of H.264 and AAC, made to be played around and around. */
  readonly path: string;
  readonly seconds: number;
  readonly description: string;
};

const fps = 30;

/** Encodes a moving test picture and a tone, 720p30 unless `size` is set: a keyframe a second, at a constant rate. */
export async function makeStream(
  directory: string,
  seconds: number,
  bitrate: number,
  size = "1280x720",
): Promise<StreamFile> {
  await ensurePeer("ffmpeg");
  const path = join(directory, `stream-${size}-${bitrate}.flv`);
  const rate = ["-b:v", "-minrate", "-maxrate", "-bufsize"].flatMap((option) => [option, String(bitrate)]);
  await run("ffmpeg", [
    ..."-hide_banner -loglevel error -nostdin".split(" "),
    ...`-f lavfi -i testsrc2=size=${size}:rate=${fps} -f lavfi -i sine=sample_rate=48000 -t ${seconds}`.split(" "),
    ...`-c:v libx264 -preset ultrafast -pix_fmt yuv420p -g ${fps} -sc_threshold 0 -nal-hrd cbr`.split(" "),
    ...rate,
    ..."-c:a aac -b:a 96k -ac 2 -f flv".split(" "),
    path,
  ]);
  const megabits = (bitrate / 1e6).toLocaleString("en-US");
  return {
    path,
    seconds,
    description: `${size === "1280x720" ? "720p" : `${size}p`}${fps} H.264 at ${megabits} Mbit/s with AAC at 96 kbit/s, a keyframe a second`,
  };
}
