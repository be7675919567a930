import { globSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { coverageTable, missingIn } from "./coverage-table.ts";
import { collectRows } from "./promise.ts";

// Fails on a promise of the contract that no test shows. Checks that COVERAGE.md is fresh, or with --write writes it.
const file = new URL("../COVERAGE.md", import.meta.url);
const suites = fileURLToPath(new URL("../suite", import.meta.url));
const rows = await collectRows(globSync(`${suites}/**/*.test.ts`).toSorted());
const table = coverageTable(rows);
const problems = [...missingIn(rows)];

if (process.argv.includes("--write")) writeFileSync(file, table);
else if (readOr(file, "") !== table)
  problems.push("acceptance/COVERAGE.md is not fresh: run node acceptance/src/coverage-check.ts --write");

for (const problem of problems) process.stderr.write(`${problem}\n`);
process.exitCode = problems.length === 0 ? 0 : 1;

function readOr(path: URL, otherwise: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return otherwise;
  }
}
