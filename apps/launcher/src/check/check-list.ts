import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Failure } from "../failure.ts";
import { root } from "../repository.ts";

/** One thing `./trax check` makes sure of: a command that exits 0 when it is so. */
export type Check = {
  readonly name: string;
  readonly command: readonly [string, ...string[]];
  readonly fix: string | null;
};

/** The list, which lives in one file so that a new generator or rule is one more line there. */
export const checkListFile = join(root, "tools/checks.json");

export async function readChecks(path = checkListFile): Promise<readonly Check[]> {
  const list: unknown = JSON.parse(await readFile(path, "utf8"));
  if (!Array.isArray(list)) throw new Failure(`${path} is not a list`);
  return list.map((entry: unknown) => readCheck(entry, path));
}

function readCheck(entry: unknown, path: string): Check {
  if (typeof entry === "object" && entry !== null && "name" in entry && "command" in entry) {
    const { name, command } = entry;
    if (typeof name === "string" && typeof command === "string") {
      const [program, ...args] = command.split(" ");
      const fix = "fix" in entry && typeof entry.fix === "string" ? entry.fix : null;
      if (program !== undefined && program !== "") return { name, command: [program, ...args], fix };
    }
  }
  throw new Failure(`${path}: each entry has a name and a command, not ${JSON.stringify(entry)}`);
}
