import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";

/**
 * Takes out of package-lock.json the optional dependencies that it names but
 * does not lock: builds for platforms that the registry did not have when it
 * was written. npm leaves them out of the lock in silence, and then `npm ci`
 * refuses the lock as incomplete, on every platform. With `--check` it only
 * says so, with exit status 1.
 */
const path = resolve(import.meta.dirname, "../../../package-lock.json");
const lock: unknown = JSON.parse(readFileSync(path, "utf8"));
const packages = entriesOf(field(lock, "packages"));
const locked = new Set(packages.map(([place]) => place));

/** Whether what `place` calls `name` is in the lock: beside it, or nearer to the root, as Node looks for it. */
function isLocked(place: string, name: string): boolean {
  for (let from = place; ; from = from.slice(0, Math.max(0, from.lastIndexOf("node_modules/") - 1))) {
    if (locked.has(`${from === "" ? "" : `${from}/`}node_modules/${name}`)) return true;
    if (from === "") return false;
    if (!from.includes("node_modules/")) from = "";
  }
}

function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Object.entries(value).find(([key]) => key === name)?.[1] : null;
}

function entriesOf(value: unknown): [string, unknown][] {
  return typeof value === "object" && value !== null ? Object.entries(value) : [];
}

let missing = 0;
for (const [place, entry] of packages) {
  const optional = field(entry, "optionalDependencies");
  if (typeof optional !== "object" || optional === null || typeof entry !== "object" || entry === null) continue;
  for (const [name] of entriesOf(optional)) {
    if (isLocked(place, name)) continue;
    missing++;
    Reflect.deleteProperty(optional, name);
  }
  if (Object.keys(optional).length === 0) Reflect.deleteProperty(entry, "optionalDependencies");
}

if (missing > 0 && process.argv.includes("--check")) {
  process.stdout.write(
    `package-lock.json names ${missing} optional packages that it does not lock: npm ci refuses it\n`,
  );
  process.exitCode = 1;
} else if (missing > 0) {
  writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
  process.stdout.write(`took ${missing} optional packages that are not locked out of package-lock.json\n`);
}
