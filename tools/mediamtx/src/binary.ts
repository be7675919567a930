import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { access, chmod, constants, copyFile, mkdir, readFile, rename, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { run } from "./run.ts";

/** SHA-256 of a file, hex. */
export async function sha256(path: string): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return hash.digest("hex");
}

/** What `--version` of a MediaMTX says, such as `v1.20.1`. Throws when it does not run. */
export async function versionOf(binary: string, signal?: AbortSignal): Promise<string> {
  return (await run(binary, ["--version"], { signal })).trim();
}

/** The cached binary, if it is there and is byte for byte what was recorded when it was put there. */
export async function readCache(cacheDir: string): Promise<string | null> {
  const binary = join(cacheDir, "mediamtx");
  try {
    const recorded = (await readFile(`${binary}.sha256`, "utf8")).split(" ")[0];
    return (await sha256(binary)) === recorded ? binary : null;
  } catch {
    return null;
  }
}

/** Puts a binary into the cache: the sum first, so that a binary without its sum is never found. */
export async function writeCache(cacheDir: string, binary: string): Promise<string> {
  const target = join(cacheDir, "mediamtx");
  await mkdir(cacheDir, { recursive: true });
  await copyFile(binary, `${target}.new`);
  await chmod(`${target}.new`, 0o755);
  await writeFile(`${target}.sha256.new`, `${await sha256(`${target}.new`)}  mediamtx\n`);
  await rename(`${target}.sha256.new`, `${target}.sha256`);
  await rename(`${target}.new`, target);
  return target;
}

/** The first executable of that name on PATH. */
export async function findOnPath(name: string): Promise<string | null> {
  for (const directory of (process.env["PATH"] ?? "").split(delimiter).filter((entry) => entry !== "")) {
    const candidate = join(directory, name);
    try {
      await access(candidate, constants.X_OK);
      return candidate;
    } catch {
      // Not in this directory.
    }
  }
  return null;
}
