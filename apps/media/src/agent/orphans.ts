import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Logger } from "@trax/foundation/log";
import { processStartTime } from "../mediamtx/process.ts";

type Entry = { readonly pid: number; readonly startTime: string };

/**
 * The relay workers of this node, in a file that outlives the agent. A worker
 * ends by itself when its agent is gone; one that is stopped or stuck cannot,
 * and would go on pushing beside its successor.
 */
export type OrphanList = {
  add(pid: number): void;
  remove(pid: number): void;
};

/** Ends whatever an earlier agent left behind, waits until it is gone, and starts a new list. */
export async function sweepOrphans(path: string, log: Logger): Promise<OrphanList> {
  for (const { pid, startTime } of read(path)) {
    if ((await processStartTime(pid)) !== startTime) continue;
    process.kill(pid, "SIGKILL");
    while ((await processStartTime(pid)) === startTime) await nextTurn();
  }
  const entries = new Map<number, Entry>();
  let writing = Promise.resolve();
  // A full disk must not end the agent: the list is as good as its last change then.
  const change = (work: () => Promise<void>): void => {
    writing = writing
      .then(work)
      .catch((error: unknown) => log.warn({ err: error }, "the list of relays is not up to date"));
  };
  const write = () => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(`${path}.new`, JSON.stringify([...entries.values()]), { mode: 0o600 });
    renameSync(`${path}.new`, path);
  };
  write();
  return {
    add(pid) {
      change(async () => {
        const startTime = await processStartTime(pid);
        if (startTime === null) return;
        entries.set(pid, { pid, startTime });
        write();
      });
    },
    remove(pid) {
      change(async () => {
        if (entries.delete(pid)) write();
      });
    },
  };
}

function nextTurn(): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setTimeout(resolve, 10);
  return promise;
}

function read(path: string): Entry[] {
  try {
    const parsed: unknown = JSON.parse(readFileSync(path, "utf8"));
    return Array.isArray(parsed) ? parsed.filter(isEntry) : [];
  } catch {
    return [];
  }
}

function isEntry(value: unknown): value is Entry {
  return (
    typeof value === "object" &&
    value !== null &&
    "pid" in value &&
    typeof value.pid === "number" &&
    "startTime" in value &&
    typeof value.startTime === "string"
  );
}
