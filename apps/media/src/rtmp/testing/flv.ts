import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { readAudioTag, readVideoTag } from "../media-tag.ts";
import type { MediaMessage } from "../message.ts";

const run = promisify(execFile);
const kinds: Readonly<Record<number, MediaMessage["kind"]>> = { 8: "audio", 9: "video", 18: "data" };

export type TestMediaOptions = {
  readonly seconds: number;
  readonly size?: string;
  /** bit/s. */
  readonly bitrate?: number;
  readonly fps?: number;
};

/** H.264 and AAC as ffmpeg writes them, with metadata first and a keyframe a second. */
export async function makeTestMedia(options: TestMediaOptions): Promise<MediaMessage[]> {
  const { seconds, size = "320x180", bitrate = 400_000, fps = 30 } = options;
  const video = `-c:v libx264 -preset ultrafast -pix_fmt yuv420p -g ${fps} -b:v ${bitrate} -minrate ${bitrate} -maxrate ${bitrate} -bufsize ${bitrate} -nal-hrd cbr`;
  const { stdout } = await run(
    "ffmpeg",
    [
      ..."-hide_banner -loglevel error -nostdin".split(" "),
      ...`-f lavfi -i testsrc2=size=${size}:rate=${fps} -f lavfi -i sine=sample_rate=48000 -t ${seconds}`.split(" "),
      ...video.split(" "),
      ..."-c:a aac -b:a 96k -ac 2 -f flv pipe:1".split(" "),
    ],
    { encoding: "buffer", maxBuffer: 1 << 28 },
  );
  return readFlv(stdout);
}

/** The tags of an FLV file (FLV 10.1, Annex E.3 and E.4). */
export function readFlv(file: Buffer): MediaMessage[] {
  const messages: MediaMessage[] = [];
  for (let at = 9 + 4; at + 11 < file.length;) {
    const kind = kinds[file.readUInt8(at)];
    const size = file.readUIntBE(at + 1, 3);
    const timestamp = file.readUIntBE(at + 4, 3) + file.readUInt8(at + 7) * 2 ** 24;
    const payload = file.subarray(at + 11, at + 11 + size);
    at += 11 + size + 4;
    if (kind === undefined) continue;
    const tag = kind === "video" ? readVideoTag(payload) : kind === "audio" ? readAudioTag(payload) : null;
    const { keyframe = false, configuration = false } = tag ?? {};
    messages.push({ kind, timestamp, payload, keyframe, configuration });
  }
  return messages;
}
