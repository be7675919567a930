import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { root } from "./instance.ts";
import type { Instance } from "./instance.ts";
import { noteSecretsIn } from "./secrets.ts";

const run = promisify(execFile);

/** `./trax status --json` of an instance. */
export async function instanceStatus(instance: Instance): Promise<unknown> {
  const { stdout } = await run(join(root, "trax"), ["status", "--json", "--data", instance.dataDir]);
  return JSON.parse(stdout);
}

/** `./trax admin …` on an instance, and the JSON that it prints. */
export async function admin(instance: Instance, ...args: readonly string[]): Promise<unknown> {
  const { stdout } = await run(join(root, "trax"), ["admin", ...args, "--data", instance.dataDir]);
  const answer: unknown = JSON.parse(stdout);
  noteSecretsIn(answer);
  return answer;
}
