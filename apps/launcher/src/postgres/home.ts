import { chmod, chown, mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Failure, isErrno } from "../failure.ts";
import type { DataDirectory } from "../instance/data-directory.ts";
import { chooseDatabaseUser } from "./database-user.ts";
import type { DatabaseUser } from "./database-user.ts";

/**
 * PostgreSQL's data directory, as its programs are told it: the directory they
 * are started in. So they need no way to it through directories that are closed
 * to their user (/root, or what `mktemp -d` made for root).
 */
export const ownDirectory = "/proc/self/cwd";

/** Where a cluster lives, and who runs it. */
export type Home = {
  readonly user: DatabaseUser | null;
  /** PostgreSQL's data directory. */
  readonly cluster: string;
  /** Where the cluster is made before it is moved to its place. */
  readonly unfinished: string;
  readonly socket: string;
  /** Where a copy of the binaries may be put for this user. */
  readonly copiesDir: string;
};

/** The `postgres` directory of a data directory, which belongs to the user who runs the database. */
export async function findHome(directory: DataDirectory): Promise<Home> {
  const path = join(directory.path, "postgres");
  const user = await chooseDatabaseUser(join(path, "cluster"));
  await makePrivate(path, user);
  return {
    user,
    cluster: join(path, "cluster"),
    unfinished: join(path, "cluster.new"),
    socket: join(path, "socket"),
    copiesDir: user === null ? directory.path : "/var/lib/trax",
  };
}

/** Makes a directory that only that user (and root) can enter. */
export async function makePrivate(path: string, user: DatabaseUser | null): Promise<void> {
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

/** The address of a Unix socket has 107 bytes. */
const longestPath = 107 - "/.s.PGSQL.5432".length;

export type SocketDirectory = {
  /** As clients know it. */
  readonly path: string;
  /** As the server does, from its data directory. */
  readonly setting: string;
  remove(): Promise<void>;
};

/** A directory for PostgreSQL's socket: in the data directory, or where that is too long, a temporary one. */
export async function makeSocketDirectory(home: Home): Promise<SocketDirectory> {
  if (Buffer.byteLength(home.socket) <= longestPath) {
    await makePrivate(home.socket, home.user);
    return { path: home.socket, setting: "../socket", remove: () => Promise.resolve() };
  }
  const path = await mkdtemp(join(tmpdir(), "trax-pg-"));
  await makePrivate(path, home.user);
  return { path, setting: path, remove: () => rm(path, { recursive: true, force: true }) };
}
