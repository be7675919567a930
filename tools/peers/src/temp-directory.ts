import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A new directory of one's own, and how to get rid of it. */
export async function tempDirectory(name: string): Promise<{ path: string; remove: () => Promise<void> }> {
  const path = await mkdtemp(join(tmpdir(), `trax-${name}-`));
  return { path, remove: () => rm(path, { recursive: true, force: true }) };
}
