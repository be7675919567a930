import { glob } from "node:fs/promises";
import { basename } from "node:path";
import { root } from "../repository.ts";

/** In the order in which they run: what is small first, what starts a whole TRaX last. */
const places = ["{contract,foundation,media-protocol}/src", "tools/*/src", "apps/*/src", "acceptance"];

/** The test files, relative to the root, whose path has `pattern` in it. */
export async function findTests(pattern: string): Promise<string[]> {
  const found: string[] = [];
  for (const place of places) {
    const files: string[] = [];
    for await (const file of glob(`${place}/**/*.test.ts`, { cwd: root, exclude: isDependencies })) files.push(file);
    found.push(...files.toSorted());
  }
  return found.filter((file) => file.includes(pattern));
}

function isDependencies(path: string): boolean {
  return basename(path) === "node_modules";
}
