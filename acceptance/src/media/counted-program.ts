import assert from "node:assert/strict";
import { type CountedFrame, stripLevel } from "@trax/peers/counted/picture";
import { fullCanvas, readPicture } from "@trax/peers/counted/reading";

/** Of a source's pictures, as a busy machine lets a publisher send them. */
const unevenShare = 0.1;

/** A frame of the program whose whole canvas is one source, or something that is none. */
export type ProgramFrame = { readonly ms: number; readonly counted: CountedFrame | null; readonly strip: number };

/** Successive frames that show the same source; null: what is no source, or two mixed. */
export type Run = { readonly source: number | null; readonly frames: readonly ProgramFrame[] };

/** A source's first picture is a keyframe, which may be a second away when the program starts; a busy machine adds to it. */
const startsWithinMs = 5_000;

/**
 * The program as a destination recorded it, from the first picture of a source
 * on: until there is one, the slate is on. The whole of it comes in its cadence.
 */
export async function readProgram(file: string, { isWhole = true } = {}): Promise<ProgramFrame[]> {
  const frames = (await readPicture(file, { all: fullCanvas })).map(({ ms, seen }) => ({ ms, ...seen.all }));
  if (isWhole) assertCadence(frames);
  const first = frames.findIndex(({ counted }) => counted !== null);
  const waitedMs = (frames[first]?.ms ?? Number.POSITIVE_INFINITY) - (frames[0]?.ms ?? 0);
  assert.ok(waitedMs <= startsWithinMs, `the first picture of a source comes after ${waitedMs} ms`);
  return frames.slice(first);
}

/** Every frame comes in its turn: none is later than one and a half frame times after the one before it. */
export function assertCadence(frames: readonly { readonly ms: number }[], frameRate = 30): void {
  const steps = frames.slice(1).map(({ ms }, index) => ({ ms, step: ms - (frames[index]?.ms ?? 0) }));
  const wrong = steps.filter(({ step }) => step <= 0 || step > 1_500 / frameRate);
  assert.deepEqual(wrong, [], `of ${steps.length} steps`);
}

export function runsOf(frames: readonly ProgramFrame[]): Run[] {
  const runs: { source: number | null; frames: ProgramFrame[] }[] = [];
  for (const frame of frames) {
    const source = frame.counted?.source ?? null;
    const last = runs.at(-1);
    if (last?.source === source) last.frames.push(frame);
    else runs.push({ source, frames: [frame] });
  }
  return runs;
}

/** What was shown, in order. */
export function sourcesOf(runs: readonly Run[]): readonly (number | null)[] {
  return runs.map(({ source }) => source);
}

/**
 * A source's pictures go forward, as many of them a second as it sends. Now and
 * then one is shown twice or left out: two clocks are two, and a publisher on a
 * busy machine does not send evenly.
 */
export function assertSteady(frames: readonly (CountedFrame | null)[], perFrame = 1): void {
  const numbers = frames.map((one) => one?.frame ?? Number.NaN);
  const steps = numbers.slice(1).map((number, index) => number - (numbers[index] ?? 0));
  const seen = numbers.join(" ");
  assert.ok(
    steps.every((step) => step >= 0),
    `pictures go forward: ${seen}`,
  );
  const odd = steps.filter((step) => step < Math.floor(perFrame) || step > Math.ceil(perFrame)).length;
  const tolerated = 3 + steps.length * unevenShare;
  assert.ok(odd <= tolerated, `${odd} of ${steps.length} steps are odd: ${seen}`);
  const made = (numbers.at(-1) ?? 0) - (numbers[0] ?? 0);
  const due = perFrame * steps.length;
  assert.ok(Math.abs(made - due) <= tolerated * perFrame, `${made} pictures where ${due} were due: ${seen}`);
}

/** The middle of some measurements: what a moment of a busy machine does to one of them does not count. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

/** How far a fade between two sources is at each frame: 0 to 1, by their strips. */
export function fadeAt(frames: readonly ProgramFrame[], from: number, to: number): number[] {
  return frames.map(({ strip }) => (strip - stripLevel(from)) / (stripLevel(to) - stripLevel(from)));
}
