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

export type SyncOfShow = {
  /** Of sources in their first three seconds: they have just begun, or come back. */
  readonly arriving: Sync;
  readonly settled: Sync;
};

type Frame = { readonly ms: number; readonly counted: { readonly source: number; readonly frame: number } | null };

const partSeconds = 300;
const frameRate = 30;
const settledFrame = 3 * frameRate;

/** Reads the recording in parts of five minutes: an hour of decoded sound is more than one wants in memory. */
export async function syncOf(file: string, directory: string, sources: readonly number[]): Promise<SyncOfShow> {
  const parts = join(directory, "parts");
  await mkdir(parts);
  const segment = `-c copy -f segment -segment_format matroska -segment_time ${partSeconds} -reset_timestamps 0`;
  await run("ffmpeg", [...quiet, "-i", file, ...segment.split(" "), join(parts, "%04d.mkv")]);
  const [arriving, settled]: [number[][], number[][]] = [[], []];
  for (const name of (await readdir(parts)).toSorted()) {
    const part = join(parts, name);
    const frames: Frame[] = (await readPicture(part, { all: fullCanvas })).map(({ ms, seen }) => ({
      ms,
      counted: seen.all.counted,
    }));
    const sound = await readSound(part);
    const offsets = (isWanted: (frame: number) => boolean): number[] => {
      const wanted = frames.map(({ ms, counted }) => ({
        ms,
        counted: counted !== null && isWanted(counted.frame) ? counted : null,
      }));
      return sources.flatMap((source) => soundBehindPicture(wanted, sound, source, frameRate));
    };
    arriving.push(offsets((frame) => frame < settledFrame));
    settled.push(offsets((frame) => frame >= settledFrame));
    await rm(part);
  }
  return { arriving: summary(arriving), settled: summary(settled) };
}

function summary(parts: readonly (readonly number[])[]): Sync {
  const all = parts.flat();
  const off = all.map((ms) => Math.abs(ms));
  return {
    steps: all.length,
    median: round(median(all)),
    least: round(all.reduce((least, ms) => Math.min(least, ms), Number.POSITIVE_INFINITY)),
    most: round(all.reduce((most, ms) => Math.max(most, ms), Number.NEGATIVE_INFINITY)),
    p99Off: round(percentile(off, 0.99)),
    medians: parts.filter(({ length }) => length > 0).map((part) => round(median(part))),
  };
}

function round(ms: number): number {
  return Math.round(ms * 10) / 10;
}
