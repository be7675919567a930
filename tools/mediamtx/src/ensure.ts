import { mkdir, mkdtemp, readdir } from "node:fs/promises";
import { join, resolve } from "node:path";
import { findOnPath, readCache, versionOf, writeCache } from "./binary.ts";
import { buildFromModule } from "./build.ts";
import { withLock } from "./lock.ts";
import { pinnedVersion } from "./pinned.ts";
import { downloadRelease } from "./release.ts";
import { removeTree } from "./tree.ts";

export type MediaMtxBinary = {
  readonly path: string;
  readonly version: string;
  readonly how: "path" | "cache" | "download" | "build";
};

export type EnsureOptions = {
  /** Where the binary is kept; by default `.cache/mediamtx/<version>` of the repository. */
  readonly cacheDir?: string;
  /** A line of progress, for a human. */
  readonly log: (line: string) => void;
  /** Ends the work early and leaves nothing half-made behind. */
  readonly signal?: AbortSignal;
};

export const defaultCacheDir = resolve(import.meta.dirname, "../../../.cache/mediamtx", pinnedVersion);

/**
 * The MediaMTX this machine runs: TRAX_MEDIAMTX_BINARY (any version; its owner
 * vouches for it), else the cached one, else the pinned version on PATH, else
 * the release, downloaded, else built from the Go module proxy. Safe to call
 * from several processes at once: one works, the others wait for its result.
 * Throws an error that names the ways out when none of these can be had.
 */
export async function ensureMediaMtx(options: EnsureOptions): Promise<MediaMtxBinary> {
  const { log, signal, cacheDir = defaultCacheDir } = options;
  const chosen = process.env["TRAX_MEDIAMTX_BINARY"];
  if (chosen !== undefined && chosen !== "") return { path: chosen, version: await chosenVersion(chosen), how: "path" };

  const cached = await readCache(cacheDir);
  if (cached !== null) return { path: cached, version: pinnedVersion, how: "cache" };

  const onPath = await findOnPath("mediamtx");
  if (onPath !== null) {
    const version = await versionOf(onPath, signal).catch(() => "unknown");
    if (version === pinnedVersion) return { path: onPath, version, how: "path" };
    log(`MediaMTX on PATH is ${version}, not ${pinnedVersion}: not used`);
  }

  return withLock(
    cacheDir,
    () => log("MediaMTX: waiting for another process that is getting it"),
    async () => {
      const meanwhile = await readCache(cacheDir);
      if (meanwhile !== null) return { path: meanwhile, version: pinnedVersion, how: "cache" };
      return obtain(cacheDir, log, signal);
    },
  );
}

async function chosenVersion(binary: string): Promise<string> {
  try {
    return await versionOf(binary);
  } catch (error) {
    throw new Error(`TRAX_MEDIAMTX_BINARY (${binary}) does not run: ${messageOf(error)}`, { cause: error });
  }
}

const workPrefix = "work-";

async function obtain(
  cacheDir: string,
  log: (line: string) => void,
  signal: AbortSignal | undefined,
): Promise<MediaMtxBinary> {
  await mkdir(cacheDir, { recursive: true });
  // We hold the lock, so whatever is there belongs to somebody who was killed.
  for (const name of await readdir(cacheDir)) if (name.startsWith(workPrefix)) await removeTree(join(cacheDir, name));
  const directory = await mkdtemp(join(cacheDir, workPrefix));
  try {
    log(`MediaMTX ${pinnedVersion}: downloading the release`);
    const downloaded = await downloadRelease(directory, signal).catch((error: unknown) => failure(error, signal));
    if (typeof downloaded === "string")
      return { path: await keep(cacheDir, downloaded), version: pinnedVersion, how: "download" };
    log(`MediaMTX ${pinnedVersion}: no download (${downloaded.message})`);

    if ((await findOnPath("go")) === null) throw noWay("there is no Go to build it with", downloaded);
    const built = await buildFromModule(directory, log, signal).catch((error: unknown) => failure(error, signal));
    if (typeof built === "string") return { path: await keep(cacheDir, built), version: pinnedVersion, how: "build" };
    throw noWay(`building it failed: ${built.message}`, downloaded);
  } finally {
    await removeTree(directory);
  }
}

async function keep(cacheDir: string, binary: string): Promise<string> {
  const version = await versionOf(binary);
  if (version !== pinnedVersion) throw new Error(`got MediaMTX ${version} instead of ${pinnedVersion}`);
  return writeCache(cacheDir, binary);
}

function noWay(reason: string, download: Error): Error {
  return new Error(
    `MediaMTX ${pinnedVersion} could not be had: the download failed (${download.message}) and ${reason}. ` +
      `Either install Go 1.26 or newer (https://go.dev/dl), or put MediaMTX ${pinnedVersion} on PATH ` +
      `(https://github.com/bluenviron/mediamtx/releases), or name one in TRAX_MEDIAMTX_BINARY.`,
  );
}

/** A failed way is a reason to try the next one, except that an interruption ends everything. */
function failure(error: unknown, signal: AbortSignal | undefined): Error {
  if (signal?.aborted === true) throw error;
  return new Error(messageOf(error));
}

/** `fetch` says only "fetch failed"; what failed is in its cause. */
function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message;
}

if (import.meta.main) {
  const interrupted = new AbortController();
  for (const name of ["SIGINT", "SIGTERM"] as const)
    process.once(name, () => interrupted.abort(new Error(`stopped by ${name}`)));
  try {
    const binary = await ensureMediaMtx({
      log: (line) => void process.stderr.write(`${line}\n`),
      signal: interrupted.signal,
    });
    process.stdout.write(`${binary.path}\n`);
  } catch (error) {
    process.stderr.write(`${messageOf(error)}\n`);
    process.exitCode = 1;
  }
}
