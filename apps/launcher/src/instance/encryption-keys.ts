import { randomBytes } from "node:crypto";
import { readFile } from "node:fs/promises";
import { isErrno } from "../failure.ts";
import type { DataDirectory } from "./data-directory.ts";
import { writeFileAtomically } from "./record.ts";

/**
 * The value of TRAX_ENCRYPTION_KEYS of this data directory, made on the first
 * start. Losing the file loses every stored stream key, so it is never made
 * anew while one is there, readable or not.
 */
export async function ensureEncryptionKeys(directory: DataDirectory): Promise<string> {
  try {
    return (await readFile(directory.encryptionKeysFile, "utf8")).trim();
  } catch (error) {
    if (!isErrno(error, "ENOENT")) throw error;
  }
  const keys = `1:${randomBytes(32).toString("base64")}`;
  await writeFileAtomically(directory.encryptionKeysFile, `${keys}\n`);
  return keys;
}
