import { statfs } from "node:fs/promises";

export type DiskSpace = { readonly freeBytes: number; readonly totalBytes: number };

/** What recordings leave free: others need the disk too, the database above all. */
const keptFree = { bytes: 500_000_000, fraction: 0.01 };

/** Of the file system that holds this directory; `free` as an unprivileged user has it. */
export async function diskSpace(directory: string): Promise<DiskSpace> {
  const { bavail, blocks, bsize } = await statfs(directory);
  return { freeBytes: bavail * bsize, totalBytes: blocks * bsize };
}

/** Whether there is no room to record. `factor` asks for that many times what is kept free. */
export function isNearlyFull({ freeBytes, totalBytes }: DiskSpace, factor = 1): boolean {
  return freeBytes < factor * Math.max(keptFree.bytes, totalBytes * keptFree.fraction);
}
