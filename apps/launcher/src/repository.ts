import { readFileSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";

/** The root of the TRaX checkout that this launcher belongs to. */
export const root = resolve(import.meta.dirname, "../../..");

/** The data directory when none is named: beside `./trax`, wherever it is called from. */
export const defaultDataDir = join(root, ".trax");

/** TRaX's own version, from the root package.json. */
export function readVersion(): string {
  const manifest: unknown = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  const isVersioned = typeof manifest === "object" && manifest !== null && "version" in manifest;
  return isVersioned ? String(manifest.version) : "unknown";
}

/** PATH with the tools that npm installed, the pinned Node among them, in front. */
export function pathWithTools(): string {
  return [join(root, "node_modules/.bin"), process.env["PATH"] ?? ""].join(delimiter);
}
