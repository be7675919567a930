import { randomUUID } from "node:crypto";
import { constants } from "node:fs";
import { copyFile, link, mkdir, open, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { ObjectStore, StoredObject } from "./store.ts";
import { codeOf } from "../error-code.ts";
import { checkKey } from "./key.ts";
import { isNoSpace, StorageFull } from "./storage-full.ts";

/**
 * Where the bytes of an object are while they are not all there. No key begins
 * with a dot; and it is the same file system, so that a rename moves them.
 */
export function incomingPathOf(root: string, key: string): string {
  checkKey(key);
  return join(root, incoming, key);
}

const incoming = ".incoming";

/** Objects as files below a directory, which is made when the first one comes. What their type is, it does not know. */
export function openDiskStore(root: string): ObjectStore {
  const pathOf = (key: string): string => {
    checkKey(key);
    return join(root, key);
  };
  return {
    async putFile(key, path) {
      const target = pathOf(key);
      const whole = incomingPathOf(root, randomUUID());
      try {
        await mkdir(dirname(whole), { recursive: true });
        await linkOrCopy(path, whole);
        await syncFile(whole);
        await moveInto(whole, target);
      } catch (error) {
        throw isNoSpace(error) ? new StorageFull("the disk of the objects is full", { cause: error }) : error;
      } finally {
        await rm(whole, { force: true });
      }
    },
    async read(key, range) {
      const file = await openIfThere(pathOf(key));
      if (file === null) return null;
      try {
        const { size } = await file.stat();
        return { body: file.createReadStream(range ?? {}), stored: storedAs(key, size) };
      } catch (error) {
        await file.close();
        throw error;
      }
    },
    async stat(key) {
      const found = await statIfThere(pathOf(key));
      return found === null ? null : storedAs(key, found.size);
    },
    async remove(key) {
      await rm(pathOf(key), { recursive: key.endsWith("/"), force: true });
      await rm(incomingPathOf(root, key), { recursive: key.endsWith("/"), force: true });
    },
    async localPath(key) {
      const path = pathOf(key);
      return (await statIfThere(path)) === null ? null : path;
    },
    async close() {
      // Nothing is held open between two calls.
    },
  };
}

/**
 * Makes a whole and synced file the object at `target`, in one step and for
 * good: the directories on the way are synced too. The file may be left where
 * it was, when it is the very one that is there already (rename(2)).
 */
export async function moveInto(whole: string, target: string): Promise<void> {
  const directory = dirname(target);
  const firstMade = await mkdir(directory, { recursive: true });
  await rename(whole, target);
  await syncFile(directory);
  if (firstMade === undefined) return;
  for (let made = directory; made.length >= firstMade.length; made = dirname(made)) await syncFile(dirname(made));
}

/** A link costs nothing however long the film is; between two file systems there is none. */
async function linkOrCopy(from: string, to: string): Promise<void> {
  try {
    await link(from, to);
  } catch (error) {
    if (codeOf(error) !== "EXDEV" && codeOf(error) !== "EPERM") throw error;
    await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE);
  }
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, "r");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

async function openIfThere(path: string) {
  try {
    return await open(path, "r");
  } catch (error) {
    if (codeOf(error) === "ENOENT") return null;
    throw error;
  }
}

async function statIfThere(path: string) {
  try {
    const found = await stat(path);
    return found.isFile() ? found : null;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return null;
    throw error;
  }
}

function storedAs(key: string, sizeBytes: number): StoredObject {
  return { key, sizeBytes, contentType: null, sha256: null };
}
