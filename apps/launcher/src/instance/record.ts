import { readFile, rename, rm, writeFile } from "node:fs/promises";
import type { DataDirectory } from "./data-directory.ts";

/** Which supervisor has a data directory, and where it answers. */
export type InstanceRecord = {
  readonly pid: number;
  /** The Unix socket of the status server. */
  readonly socket: string;
};

export async function writeRecord(directory: DataDirectory, record: InstanceRecord): Promise<void> {
  await writeFileAtomically(directory.recordFile, `${JSON.stringify(record)}\n`);
}

export async function readRecord(directory: DataDirectory): Promise<InstanceRecord | null> {
  try {
    const value: unknown = JSON.parse(await readFile(directory.recordFile, "utf8"));
    if (typeof value !== "object" || value === null || !("pid" in value) || !("socket" in value)) return null;
    const { pid, socket } = value;
    return typeof pid === "number" && typeof socket === "string" ? { pid, socket } : null;
  } catch {
    return null;
  }
}

export async function removeRecord(directory: DataDirectory): Promise<void> {
  await rm(directory.recordFile, { force: true });
}

/** Writes a file so that a reader sees all of it or none; readable by its owner alone unless `mode` says otherwise. */
export async function writeFileAtomically(path: string, text: string, mode = 0o600): Promise<void> {
  const part = `${path}.${process.pid}.new`;
  try {
    await writeFile(part, text, { mode, flush: true });
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
}
