import { execFile } from "node:child_process";
import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { fullCanvas, readPicture, readSound, soundBehindPicture } from "@trax/peers/counted/reading";
import { median, percentile } from "../statistics.ts";

const run = promisify(execFile);
const quiet = ["-hide_banner", "-nostdin", "-loglevel", "error", "-y"];

export type Cadence = {
  readonly packets: number;
  readonly seconds: number;
  /** Between two that follow each other, ms. */
  readonly longestStepMs: number;
  readonly shortestStepMs: number;
  /** Steps of more than one and a half of what a packet takes. */
  readonly gaps: number;
};

/** The packets of one kind, as they are stamped in a destination's recording. */
export async function cadenceOf(file: string, kind: "v" | "a", packetMs: number): Promise<Cadence> {
  const entries = ["-select_streams", kind, "-show_entries", "packet=dts_time", "-of", "csv=p=0"];
  const { stdout } = await run("ffprobe", ["-v", "error", ...entries, file], { maxBuffer: 1 << 28 });
  const times = stdout
    .split("\n")
    .map((line) => Number.parseFloat(line) * 1000)
    .filter((ms) => !Number.isNaN(ms));
  const steps = times.slice(1).map((ms, index) => ms - (times[index] ?? 0));
  return {
    packets: times.length,
    seconds: Math.round(((times.at(-1) ?? 0) - (times[0] ?? 0)) / 1000),
    longestStepMs: steps.reduce((most, step) => Math.max(most, step), 0),
    shortestStepMs: steps.reduce((least, step) => Math.min(least, step), Number.POSITIVE_INFINITY),
    gaps: steps.filter((step) => step > 1.5 * packetMs + 1 || step <= 0).length,
  };
}

/** How far sound is behind picture, ms, at the steps of the tones. */
export type Sync = {
  readonly steps: number;
  readonly median: number;
  readonly least: number;
  readonly most: number;
  /** The 99th percentile of how far it is off, either way. */
  readonly p99Off: number;
  /** Of each part of the recording in its order: a drift shows in these. */
  readonly medians: readonly number[];
};

const partSeconds = 300;

/** Reads the recording in parts of five minutes: an hour of decoded sound is more than one wants in memory. */
export async function syncOf(file: string, directory: string, sources: readonly number[]): Promise<Sync> {
  const parts = join(directory, "parts");
  await mkdir(parts);
  const segment = `-c copy -f segment -segment_format matroska -segment_time ${partSeconds} -reset_timestamps 0`;
  await run("ffmpeg", [...quiet, "-i", file, ...segment.split(" "), join(parts, "%04d.mkv")]);
  const all: number[] = [];
  const medians: number[] = [];
  for (const name of (await readdir(parts)).toSorted()) {
    const part = join(parts, name);
    const frames = (await readPicture(part, { all: fullCanvas })).map(({ ms, seen }) => ({ ms, ...seen.all }));
    const sound = await readSound(part);
    const offsets = sources.flatMap((source) => soundBehindPicture(frames, sound, source, 30));
    await rm(part);
    if (offsets.length === 0) continue;
    all.push(...offsets);
    medians.push(round(median(offsets)));
  }
  return {
    steps: all.length,
    median: round(median(all)),
    least: round(Math.min(...all)),
    most: round(Math.max(...all)),
    p99Off: round(
      percentile(
        all.map((ms) => Math.abs(ms)),
        0.99,
      ),
    ),
    medians,
  };
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}
