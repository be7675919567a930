import { createHash } from "node:crypto";
import { chmod, mkdir, realpath, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import { Failure, isErrno, messageOf } from "../failure.ts";

/**
 * Where things are inside of a data directory. Everything in it is private to
 * whoever started TRaX, but for the database, which is its own user's when root
 * starts it.
 */
export type DataDirectory = {
  /** Absolute, symbolic links resolved. */
  readonly path: string;
  /** Names this directory in other places: 16 hex digits. */
  readonly id: string;
  readonly run: string;
  readonly logs: string;
  readonly lockFile: string;
  readonly recordFile: string;
  readonly encryptionKeysFile: string;
  readonly demoFile: string;
};

function describe(path: string): DataDirectory {
  const run = join(path, "run");
  return {
    path,
    id: createHash("sha256").update(path).digest("hex").slice(0, 16),
    run,
    logs: join(path, "log"),
    lockFile: join(run, "lock"),
    recordFile: join(run, "instance.json"),
    encryptionKeysFile: join(path, "encryption-keys"),
    demoFile: join(path, "demo-account.json"),
  };
}

/** Makes the directory and its parts where they are missing. */
export async function createDataDirectory(path: string): Promise<DataDirectory> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    const directory = describe(await realpath(path));
    for (const part of [directory.run, directory.logs]) {
      await mkdir(part, { recursive: true, mode: 0o700 });
      await chmod(part, 0o700);
    }
    return directory;
  } catch (error) {
    const reason = isErrno(error, "EEXIST", "ENOTDIR") ? "it is not a directory" : messageOf(error);
    throw new Failure(
      `The data directory ${path} cannot be used: ${reason}`,
      "Name one that you may write to: ./trax up --data DIR",
      { cause: error },
    );
  }
}

/** The directory of an instance that may be running, or null where there is none. */
export async function findDataDirectory(path: string): Promise<DataDirectory | null> {
  try {
    const real = await realpath(resolve(path));
    return (await stat(real)).isDirectory() ? describe(real) : null;
  } catch {
    return null;
  }
}
