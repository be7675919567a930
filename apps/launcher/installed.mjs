// Exits 0 when node_modules already holds what package-lock.json asks for, as
// after an `npm install` by hand. Run by ./trax with the system's Node (20 or
// newer), before anything is installed: no TypeScript, no dependency.
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";

const root = process.argv[2] ?? ".";

/** @param {string} file */
function readPackages(file) {
  return JSON.parse(readFileSync(join(root, file), "utf8")).packages;
}

function isInstalled() {
  const wanted = readPackages("package-lock.json");
  const installed = readPackages("node_modules/.package-lock.json");
  return Object.entries(wanted).every(([path, { version, integrity, link, optional }]) => {
    if (!path.includes("node_modules/")) return true;
    const there = installed[path];
    // What is optional and missing is for another platform.
    if (there === undefined) return optional === true;
    if (link === true) return existsSync(join(root, path));
    return there.version === version && there.integrity === integrity && existsSync(join(root, path, "package.json"));
  });
}

try {
  process.exit(isInstalled() ? 0 : 1);
} catch {
  process.exit(1);
}
