import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { findLeaks } from "./leak-search.ts";
import { readInstance, readyFileVariable, startInstance } from "./instance.ts";
import type { OwnedInstance } from "./instance.ts";
import { startPlatforms } from "./platforms.ts";
import type { Platforms } from "./platforms.ts";
import { secretsFileVariable } from "./secrets.ts";

/**
 * For `node --test --test-global-setup`: one TRaX for all files of a run, or the
 * running one whose ready file is named by TRAX_ACCEPTANCE_READY_FILE. Files
 * find both through the environment that they inherit.
 */
let owned: OwnedInstance | undefined;
let platforms: Platforms | undefined;
let directory = "";

export async function globalSetup(): Promise<void> {
  directory = await mkdtemp(join(tmpdir(), "trax-acceptance-run-"));
  process.env[secretsFileVariable] = join(directory, "secrets");
  await writeFile(join(directory, "secrets"), "", { mode: 0o600 });
  if (process.env[readyFileVariable] !== undefined) return;
  platforms = await startPlatforms();
  owned = await startInstance(platforms.environment);
  process.env[readyFileVariable] = join(owned.dataDir, "ready.json");
}

export async function globalTeardown(): Promise<void> {
  try {
    if (owned !== undefined) await owned.stop();
    else await searchForeign();
  } finally {
    await platforms?.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

async function searchForeign(): Promise<void> {
  const { dataDir } = await readInstance(process.env[readyFileVariable] ?? "");
  const leaks = await findLeaks(dataDir, []);
  if (leaks.length > 0) throw new Error(`secrets in logs:\n${leaks.join("\n")}`);
}
