import { createHash } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";
import { z } from "zod";

const RouterState = z.object({
  pid: z.number().int().positive(),
  /** As in /proc/PID/stat: with the pid it names one process for good. */
  startTime: z.string(),
  configHash: z.string(),
  apiPort: z.number().int(),
  authPort: z.number().int(),
  rtspPort: z.number().int(),
});

/** What an agent leaves for the next one, so that it can take over a running router without disturbing publishers. */
export type RouterState = z.infer<typeof RouterState>;

/** Null when there is none, or none that can be read. */
export async function readRouterState(path: string): Promise<RouterState | null> {
  try {
    return RouterState.parse(JSON.parse(await readFile(path, "utf8")));
  } catch {
    return null;
  }
}

export async function writeRouterState(path: string, state: RouterState): Promise<void> {
  await writeFile(`${path}.new`, `${JSON.stringify(state)}\n`, { mode: 0o600 });
  await rename(`${path}.new`, path);
}

/** Tells whether a running router is the one wanted: the same binary with the same configuration. */
export function configHash(binary: string, config: string): string {
  return createHash("sha256").update(`${binary}\n${config}`).digest("hex");
}
