import { chmod, readdir, rm } from "node:fs/promises";
import { join } from "node:path";

/** Go's module cache is read-only, and so is a copy of it: nothing could be added to its directories, or removed. */
export async function makeWritable(root: string): Promise<void> {
  await chmod(root, 0o755);
  for (const entry of await readdir(root, { withFileTypes: true }))
    if (entry.isDirectory()) await makeWritable(join(root, entry.name));
}

/** Removes a directory that may hold such a copy. */
export async function removeTree(root: string): Promise<void> {
  await makeWritable(root);
  await rm(root, { recursive: true, force: true });
}
