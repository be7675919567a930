/** Milliseconds are off by less; a real gap is more. */
const toleranceMs = 10;

/**
 * A frame's place in samples: right after the last where what was told in ms
 * differs from that by no more than its rounding. `lastDts`: of the last frame,
 * negative before the first. `frameSamples`: null where frames differ.
 */
export function soundDts(
  ms: number,
  { lastDts, sampleRate, frameSamples }: { lastDts: number; sampleRate: number; frameSamples: number | null },
): number {
  const told = Math.round((ms * sampleRate) / 1_000);
  if (lastDts < 0) return Math.max(0, told);
  const next = lastDts + (frameSamples ?? 0);
  const isNext = frameSamples !== null && Math.abs(told - next) <= (toleranceMs * sampleRate) / 1_000;
  return isNext ? next : Math.max(told, lastDts + 1);
}
