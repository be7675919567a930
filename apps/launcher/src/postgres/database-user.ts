import { readFileSync } from "node:fs";
import { stat } from "node:fs/promises";
import { Failure, isErrno } from "../failure.ts";

/** Who PostgreSQL runs as. */
export type DatabaseUser = { readonly uid: number; readonly gid: number; readonly name: string };

/**
 * PostgreSQL refuses to run as root, so root runs it as the owner of the
 * cluster that is there, else as `postgres` or `nobody`. Everybody else runs
 * it as themselves: null.
 */
export async function chooseDatabaseUser(cluster: string): Promise<DatabaseUser | null> {
  if (process.getuid?.() !== 0) return null;
  const users = readUsers();
  const owner = await ownerOf(cluster);
  const user =
    owner === null
      ? (users.find(({ name }) => name === "postgres") ?? users.find(({ name }) => name === "nobody"))
      : users.find(({ uid }) => uid === owner);
  if (user === undefined || user.uid === 0)
    throw new Failure(
      owner === null
        ? "PostgreSQL does not run as root, and there is no user `postgres` or `nobody` to run it as"
        : `PostgreSQL cannot run as the owner of ${cluster} (uid ${owner})`,
      "Start TRaX as another user than root, or name a database in DATABASE_URL",
    );
  return user;
}

function readUsers(): DatabaseUser[] {
  return readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .map((line) => line.split(":"))
    .flatMap(([name, , uid, gid]) =>
      name === undefined || uid === undefined || gid === undefined
        ? []
        : [{ name, uid: Number(uid), gid: Number(gid) }],
    );
}

async function ownerOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).uid;
  } catch (error) {
    if (isErrno(error, "ENOENT")) return null;
    throw error;
  }
}

/** Options of a spawn that runs as that user. */
export function asUser(user: DatabaseUser | null): { uid?: number; gid?: number } {
  return user === null ? {} : { uid: user.uid, gid: user.gid };
}
