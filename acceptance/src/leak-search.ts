import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { knownSecrets } from "./secrets.ts";
import type { FoundProcess } from "./process-search.ts";

/** Where a secret that passed through the suites' hands can be read: in a log of the data directory, or in the arguments of a process. */
export async function findLeaks(dataDir: string, processes: readonly FoundProcess[]): Promise<string[]> {
  const secrets = knownSecrets();
  const leaks: string[] = [];
  const search = (where: string, text: string): void => {
    for (const secret of secrets) {
      const index = text.indexOf(secret);
      // The secret itself is not repeated: test output is a log as well.
      if (index >= 0) leaks.push(`${where}: …${text.slice(Math.max(0, index - 80), index)}[a secret]`);
    }
  };
  for (const file of await logFiles(dataDir)) search(file, await readFile(file, "utf8"));
  for (const { pid, commandLine } of processes) search(`arguments of ${pid}`, commandLine);
  return leaks;
}

async function logFiles(dataDir: string): Promise<string[]> {
  const entries = await readdir(dataDir, { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile() && /\.log(\.\d+)?$|\/log\b/.test(join(entry.parentPath, entry.name)))
    .map((entry) => join(entry.parentPath, entry.name));
}
