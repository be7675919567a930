import { randomBytes } from "node:crypto";
import { chmod, chown, mkdir, mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { Failure, isErrno } from "../failure.ts";
import type { DataDirectory } from "../instance/data-directory.ts";
import { writeFileAtomically } from "../instance/record.ts";
import { canEnter, chooseDatabaseUser } from "./database-user.ts";
import type { DatabaseUser } from "./database-user.ts";

/** Where a cluster lives, and who runs it. */
export type Home = {
  readonly user: DatabaseUser | null;
  /** PostgreSQL's data directory. */
  readonly cluster: string;
  /** Where a copy of the binaries may be put for this user. */
  readonly copiesDir: string;
};

/** For root's data directories that the database's user cannot reach. */
const elsewhere = "/var/lib/trax";

/**
 * Finds a place for the cluster: `postgres` in the data directory, or, where
 * the database's user cannot get there (below /root, say), a directory in
 * /var/lib/trax that a file in the data directory names. That name is random,
 * so that a new data directory at an old path never meets old data.
 */
export async function findHome(directory: DataDirectory, note: (text: string) => void): Promise<Home> {
  const inside = join(directory.path, "postgres");
  const pointer = join(directory.path, "postgres-location");
  const moved = await readPointer(pointer);
  const home = moved ?? inside;
  const user = await chooseDatabaseUser(join(home, "cluster"));
  if (user === null) {
    await makePrivate(home, null);
    return { user, cluster: join(home, "cluster"), copiesDir: directory.path };
  }
  if (moved === null && !(await letPass(directory.path, user, note))) {
    const outside = join(elsewhere, `${directory.id}-${randomBytes(4).toString("hex")}`);
    note(`${directory.path} is out of reach of the user ${user.name}, who runs PostgreSQL: its data is in ${outside}`);
    await mkdir(elsewhere, { recursive: true, mode: 0o755 });
    await makePrivate(outside, user);
    await writeFileAtomically(pointer, `${outside}\n`);
    return { user, cluster: join(outside, "cluster"), copiesDir: elsewhere };
  }
  await makePrivate(home, user);
  return { user, cluster: join(home, "cluster"), copiesDir: elsewhere };
}

async function readPointer(path: string): Promise<string | null> {
  try {
    return (await readFile(path, "utf8")).trim();
  } catch (error) {
    if (isErrno(error, "ENOENT")) return null;
    throw error;
  }
}

/**
 * Whether that user can pass through the data directory. Where only its own
 * mode is in the way (`mktemp -d` makes 0700), it is let through: it may pass,
 * not list, and everything inside has a mode of its own.
 */
async function letPass(path: string, user: DatabaseUser, note: (text: string) => void): Promise<boolean> {
  if (canEnter(path, user)) return true;
  if (!canEnter(dirname(path), user)) return false;
  const { mode } = await stat(path);
  await chmod(path, (mode & 0o7777) | 0o011);
  note(`${path} lets the user ${user.name} pass, who runs PostgreSQL`);
  return canEnter(path, user);
}

async function makePrivate(path: string, user: DatabaseUser | null): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    await chmod(path, 0o700);
    if (user !== null) await chown(path, user.uid, user.gid);
  } catch (error) {
    if (!isErrno(error, "EACCES", "EPERM")) throw error;
    throw new Failure(
      `The database in ${path} belongs to another user`,
      "Start TRaX as the user who started it first, or name another directory: ./trax up --data DIR",
      { cause: error },
    );
  }
}

/** PostgreSQL's socket in a directory: what the system must be able to take as an address (107 bytes). */
const longestSocketDir = 107 - "/.s.PGSQL.5432.lock".length;

/** A directory for the socket that only the database's user (and root) can enter. */
export type SocketDirectory = { readonly path: string; remove(): Promise<void> };

export async function makeSocketDirectory(home: Home): Promise<SocketDirectory> {
  const inside = join(dirname(home.cluster), "socket");
  const isShort = Buffer.byteLength(inside) <= longestSocketDir;
  const path = isShort ? inside : await mkdtemp(join(tmpdir(), "trax-pg-"));
  await makePrivate(path, home.user);
  return { path, remove: () => (isShort ? Promise.resolve() : rm(path, { recursive: true, force: true })) };
}
