import { DatabaseSync } from "node:sqlite";
import { Failure } from "../failure.ts";
import type { DataDirectory } from "./data-directory.ts";
import { readRecord } from "./record.ts";

export type Lock = { release(): void };

const sqliteBusy = 5;

/**
 * Makes sure that one supervisor at a time uses a data directory. SQLite holds
 * a lock of the kernel's on the file, which ends with its process however that
 * dies: there is no stale lock to recover, and no pid that somebody else has
 * got meanwhile. (Node has no flock of its own.)
 */
export async function acquireLock(directory: DataDirectory): Promise<Lock> {
  const database = new DatabaseSync(directory.lockFile);
  try {
    database.exec("BEGIN EXCLUSIVE");
    return { release: () => database.close() };
  } catch (error) {
    database.close();
    if (!(error instanceof Error && "errcode" in error && error.errcode === sqliteBusy)) throw error;
    const record = await readRecord(directory);
    const holder = record === null ? "" : ` (pid ${record.pid})`;
    throw new Failure(
      `TRaX is already running on ${directory.path}${holder}`,
      "Stop it with Ctrl-C, see it with ./trax status, or start another one with ./trax up --data OTHER_DIR",
    );
  }
}
