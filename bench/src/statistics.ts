/** The value that `share` (0 to 1) of the samples do not exceed (nearest rank); NaN of none. */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

/** The middle one, or the mean of the middle two; NaN of none. */
export function median(samples: readonly number[]): number {
  const sorted = samples.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const upper = sorted[Math.floor(middle)] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (upper + (sorted[middle - 1] ?? Number.NaN)) / 2;
}

/** Pairwise, so that what disturbed both of one repetition cancels out. */
export function ratios(ours: readonly number[], peers: readonly number[]): number[] {
  return ours.flatMap((value, index) => {
    const peer = peers[index];
    return peer === undefined ? [] : [value / peer];
  });
}
