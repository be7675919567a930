/**
 * The filters that turn a picture upright, by its stream's display matrix
 * (ISO/IEC 14496-12, 6.2.2; nine integers, of which the first two rows' first
 * two columns turn and mirror). Only quarter turns and mirroring: cameras write
 * no others. Null or anything else leaves it as it is.
 */
export function turningFilters(matrix: Buffer | null): readonly string[] {
  if (matrix === null || matrix.length < 36) return [];
  const sign = (index: number): number => Math.sign(matrix.readInt32LE(index * 4));
  // A point goes to (a x + c y, b x + d y), y downwards.
  return filters.get([sign(0), sign(1), sign(3), sign(4)].join()) ?? [];
}

/** Whether they make its height its width. */
export function turnsSideways(turning: readonly string[]): boolean {
  return turning.some((filter) => filter.startsWith("transpose"));
}

const filters: ReadonlyMap<string, readonly string[]> = new Map([
  ["0,1,-1,0", ["transpose=clock"]],
  ["0,-1,1,0", ["transpose=cclock"]],
  ["0,1,1,0", ["transpose=cclock_flip"]],
  ["0,-1,-1,0", ["transpose=clock_flip"]],
  ["-1,0,0,-1", ["hflip", "vflip"]],
  ["-1,0,0,1", ["hflip"]],
  ["1,0,0,-1", ["vflip"]],
]);
