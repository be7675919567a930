import { createHash } from "node:crypto";
import { mkdir, mkdtemp, readdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Migration } from "../migrations.ts";

const cache = fileURLToPath(new URL("../../../../.cache/test-postgres/", import.meta.url));

/** What was made for other migrations may be being copied by a run that knows those. */
const keptMs = 24 * 3_600_000;

/**
 * A PostgreSQL data directory at rest with these migrations in it, to be copied: that takes a fifth of what making
 * one takes. `make` makes it in the directory it is given, when there is none yet, and answers where it is.
 */
export async function migratedCluster(
  migrations: readonly Migration[],
  make: (directory: string) => Promise<string>,
): Promise<string> {
  const hash = createHash("sha256");
  for (const { checksum } of migrations) hash.update(checksum);
  const place = join(cache, hash.digest("hex").slice(0, 16));
  if (await isThere(place)) return place;
  await mkdir(cache, { recursive: true });
  await removeOld();
  const work = await mkdtemp(join(cache, "making-"));
  try {
    const made = await make(work);
    // It appears whole or not at all. Where another process was quicker there is one that is as good.
    await rename(made, place).catch(async (error: unknown) => {
      if (!(await isThere(place))) throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return place;
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

async function removeOld(): Promise<void> {
  for (const name of await readdir(cache)) {
    const path = join(cache, name);
    const { mtimeMs } = await stat(path);
    if (Date.now() - mtimeMs > keptMs) await rm(path, { recursive: true, force: true });
  }
}
