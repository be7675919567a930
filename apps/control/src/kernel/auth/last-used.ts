import type { Database } from "@trax/foundation/database";
import type { Logger } from "@trax/foundation/log";
import { LRUCache } from "lru-cache";
import { noteKeysUsed } from "./credential-sql.ts";

/** Remembers which keys were used and writes it now and then, off the path of requests. */
export type LastUsed = {
  note(keyId: string): void;
  /** Writes what is left and stops the timer. */
  close(): Promise<void>;
};

const everyMs = 1_000;
const oncePerKeyMs = 60_000;

export function openLastUsed(database: Database, log: Logger): LastUsed {
  const written = new LRUCache<string, number>({ max: 50_000 });
  const pending = new Map<string, Date>();
  let flushing: Promise<void> | null = null;

  const flush = async (): Promise<void> => {
    if (pending.size === 0) return;
    const batch = new Map(pending);
    pending.clear();
    try {
      await noteKeysUsed(database, batch);
    } catch (error) {
      // They count as not written, so that the next use of each is noted again.
      for (const id of batch.keys()) written.delete(id);
      log.warn({ err: error }, "the use of keys was not noted");
    }
  };
  const timer = setInterval(() => {
    flushing ??= flush().finally(() => {
      flushing = null;
    });
  }, everyMs);

  return {
    note(keyId) {
      const now = Date.now();
      if (now - (written.get(keyId) ?? 0) < oncePerKeyMs) return;
      written.set(keyId, now);
      pending.set(keyId, new Date(now));
    },
    async close() {
      clearInterval(timer);
      await flushing;
      await flush();
    },
  };
}
