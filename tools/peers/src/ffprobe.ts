import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { ensurePeer } from "./ensure.ts";

export type ProbedStream = {
  readonly kind: string;
  readonly codec: string;
  readonly width: number | null;
  readonly height: number | null;
  readonly sampleRate: number | null;
  readonly channels: number | null;
  /** Packets in the file: for video the frames that arrived, whether or not they decode. */
  readonly packets: number;
};

export type DecodedFrame = { readonly kind: string; readonly keyframe: boolean; readonly ptsSeconds: number | null };

const run = promisify(execFile);

/** The streams of a media file or URL, with their packets counted. */
export async function probeStreams(file: string): Promise<ProbedStream[]> {
  return (await ffprobe(["-count_packets", "-show_streams", file], "streams")).map((stream) => ({
    kind: text(stream, "codec_type") ?? "",
    codec: text(stream, "codec_name") ?? "",
    width: number(stream, "width"),
    height: number(stream, "height"),
    sampleRate: number(stream, "sample_rate"),
    channels: number(stream, "channels"),
    packets: number(stream, "nb_read_packets") ?? 0,
  }));
}

/** The video frames of a file, decoded, in the order they are shown. */
export async function probeFrames(file: string): Promise<DecodedFrame[]> {
  const entries = ["-select_streams", "v", "-show_entries", "frame=media_type,key_frame,pts_time"];
  return (await ffprobe([...entries, file], "frames")).map((frame) => ({
    kind: text(frame, "media_type") ?? "",
    keyframe: number(frame, "key_frame") === 1,
    ptsSeconds: number(frame, "pts_time"),
  }));
}

async function ffprobe(args: readonly string[], section: string): Promise<object[]> {
  await ensurePeer("ffmpeg");
  const { stdout } = await run("ffprobe", ["-v", "error", "-of", "json", ...args], { maxBuffer: 256 << 20 });
  const answer: unknown = JSON.parse(stdout);
  const list: unknown = field(answer, section);
  return Array.isArray(list) ? list.filter((item: unknown) => typeof item === "object" && item !== null) : [];
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null && name in value ? Reflect.get(value, name) : undefined;
}

function text(value: object, name: string): string | null {
  const found = field(value, name);
  return typeof found === "string" ? found : null;
}

/** ffprobe writes some numbers as numbers and some as text. */
function number(value: object, name: string): number | null {
  const found = field(value, name);
  if (typeof found === "number") return found;
  return typeof found === "string" && found !== "" && Number.isFinite(Number(found)) ? Number(found) : null;
}
