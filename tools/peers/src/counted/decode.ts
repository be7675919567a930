import { spawn } from "node:child_process";
import { once } from "node:events";
import { ensurePeer } from "../ensure.ts";
import type { Sound } from "./tone.ts";

const soundRate = 48_000;
/** Times of packets are rounded to whole milliseconds on the way: less than this is no gap. */
const jitterMs = 5;

/** Decodes the video of a file to frames of 8-bit grey of that size, and says when each is shown. */
export async function decodeVideo(
  file: string,
  size: { readonly width: number; readonly height: number },
  onFrame: (grey: Buffer, index: number) => void,
): Promise<number[]> {
  const bytes = size.width * size.height;
  let pending: Buffer[] = [];
  let [length, index] = [0, 0];
  const scale = `scale=${size.width}:${size.height}:flags=area,format=gray,showinfo=checksum=0`;
  const log = await decode(file, ["-map", "0:v:0", "-vf", scale, "-f", "rawvideo"], (chunk) => {
    pending.push(chunk);
    length += chunk.length;
    if (length < bytes) return;
    let whole = Buffer.concat(pending);
    for (; whole.length >= bytes; whole = whole.subarray(bytes)) onFrame(whole.subarray(0, bytes), index++);
    [pending, length] = [[whole], whole.length];
  });
  const times = [...log.matchAll(/\] n:\s*\d+ pts:.*?pts_time:\s*([-\d.]+)/g)].map(([, time]) => 1000 * Number(time));
  if (times.length !== index) throw new Error(`${index} frames but ${times.length} times: ${log.slice(-500)}`);
  return times;
}

/** Decodes the sound of a file, mixed to one channel; silence where its packets leave a gap. */
export async function decodeSound(file: string): Promise<Sound> {
  const chunks: Buffer[] = [];
  const form = `aresample=${soundRate}:ochl=mono:osf=flt:rematrix_maxval=1,aformat=sample_fmts=flt:channel_layouts=mono,ashowinfo`;
  const log = await decode(file, ["-map", "0:a:0", "-af", form, "-f", "f32le"], (chunk) => chunks.push(chunk));
  const raw = Buffer.concat(chunks);
  const decoded = new Float32Array(new Uint8Array(raw).buffer);
  const frames = [...log.matchAll(/\] n:\d+ pts:.*?pts_time:([-\d.]+) .*?nb_samples:(\d+)/g)].map(
    ([, time, count]) => ({ ms: 1000 * Number(time), count: Number(count) }),
  );
  const startMs = frames[0]?.ms ?? 0;
  const placed: { at: number; from: number; count: number }[] = [];
  let [end, from] = [0, 0];
  for (const { ms, count } of frames) {
    const due = Math.round(((ms - startMs) / 1000) * soundRate);
    const at = Math.abs(due - end) <= (jitterMs / 1000) * soundRate ? end : Math.max(0, due);
    placed.push({ at, from, count });
    [end, from] = [at + count, from + count];
  }
  const samples = new Float32Array(placed.reduce((most, { at, count }) => Math.max(most, at + count), 0));
  for (const { at, from: start, count } of placed) samples.set(decoded.subarray(start, start + count), at);
  return { startMs, sampleRate: soundRate, samples };
}

/** Runs ffmpeg on a file, times as they are in it; answers what it logged. */
async function decode(file: string, args: readonly string[], onOutput: (chunk: Buffer) => void): Promise<string> {
  await ensurePeer("ffmpeg");
  const input = "-hide_banner -nostats -nostdin -loglevel info -copyts -vsync passthrough -threads 1 -i".split(" ");
  const child = spawn("ffmpeg", [...input, file, ...args, "pipe:1"], { stdio: ["ignore", "pipe", "pipe"] });
  const log: string[] = [];
  child.stdout.on("data", onOutput);
  child.stderr.setEncoding("utf8").on("data", (text: string) => log.push(text));
  const [code]: unknown[] = await once(child, "close");
  const text = log.join("");
  if (code !== 0) throw new Error(`ffmpeg cannot read ${file}: ${text.slice(-500)}`);
  return text;
}
