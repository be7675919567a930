import { readFileSync } from "node:fs";
import { glob } from "node:fs/promises";
import { createRequire, isBuiltin } from "node:module";
import { basename, dirname, join, relative, resolve } from "node:path";
import { findCycles } from "./cycles.ts";
import { readImports } from "./imports.ts";
import { brokenRules } from "./rules.ts";

/** Checks the imports of every module of ours against `rules.ts`. Exit status 1 with a line for each that breaks one. */
const root = resolve(import.meta.dirname, "../../..");
const places = "{contract,foundation,media-protocol,apps,acceptance,bench,sdks/ts,tools}/**/*.{ts,tsx,mts}";

/** A module's name for the rules: its path from the root, `npm:<package>`, or null where it is part of Node. */
function locate(file: string, specifier: string): string | null {
  if (isBuiltin(specifier)) return null;
  if (specifier.startsWith(".")) return relative(root, join(root, dirname(file), specifier));
  if (specifier.startsWith("@trax/")) return relative(root, createRequire(join(root, file)).resolve(specifier));
  return `npm:${specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/")}`;
}

const isDependencies = (path: string): boolean => basename(path) === "node_modules";
const graph = new Map<string, string[]>();
const problems: string[] = [];
for await (const file of glob(places, { cwd: root, exclude: isDependencies })) {
  const imported: string[] = [];
  for (const specifier of readImports(file, readFileSync(join(root, file), "utf8"))) {
    try {
      const target = locate(file, specifier);
      if (target === null) continue;
      imported.push(target);
      for (const rule of brokenRules(file, target)) problems.push(`${file} imports ${target}\n    ${rule}`);
    } catch {
      problems.push(`${file} imports ${specifier}, which is not there`);
    }
  }
  graph.set(file, imported);
}
for (const cycle of findCycles(graph)) problems.push(`these import each other: ${cycle.toSorted().join(", ")}`);

for (const problem of problems) process.stdout.write(`${problem}\n`);
process.stdout.write(`${graph.size} modules, ${problems.length} problems\n`);
process.exitCode = problems.length === 0 ? 0 : 1;
