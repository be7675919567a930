import type { Database } from "@trax/foundation/database";
import type { Logger } from "@trax/foundation/log";
import type { ObjectStore } from "@trax/foundation/object-store";
import { StorageAway } from "@trax/foundation/object-store/storage-away";
import { forgetAbandoned, owedRemovals, removalDone, removalFailed } from "./sweep-sql.ts";

/** Removes what the library has forgotten, until closed. */
export type LibrarySweep = {
  /** There is something to remove now. */
  soon(): void;
  close(): Promise<void>;
};

const mostEveryMs = 60_000;
const batch = 100;

/**
 * Forgets uploads that were abandoned, and removes from the store what is owed.
 * What is owed is in the database: a sweep that was killed, or a store that was
 * away, costs time only. Several nodes may sweep at once; removing twice is
 * removing once.
 */
export function startLibrarySweep(options: {
  readonly database: Database;
  readonly store: Pick<ObjectStore, "remove">;
  readonly log: Logger;
  /** How long an upload may take; it is abandoned when that has passed once more. */
  readonly uploadSeconds: number;
}): LibrarySweep {
  const { database, store, log, uploadSeconds } = options;
  let running: Promise<void> = Promise.resolve();
  let waiting = false;

  let closed = false;

  const sweep = async (): Promise<void> => {
    waiting = false;
    await forgetAbandoned(database, uploadSeconds);
    for (;;) {
      const owed = await owedRemovals(database, batch);
      let failures = 0;
      for (const one of owed) {
        if (closed) return;
        try {
          await store.remove(one.key);
          await removalDone(database, one);
        } catch (error) {
          failures += 1;
          log.warn({ err: error, key: one.key }, "what is owed to be removed could not be");
          // The next ones would not fare better.
          if (error instanceof StorageAway) return;
          await removalFailed(database, one);
        }
      }
      if (owed.length < batch || failures > 0) return;
    }
  };
  const soon = (): void => {
    if (waiting) return;
    waiting = true;
    running = running
      .then(sweep)
      .catch((error: unknown) => log.warn({ err: error }, "the media library was not swept"));
  };
  const timer = setInterval(soon, Math.min(mostEveryMs, uploadSeconds * 1_000));
  soon();
  return {
    soon,
    async close() {
      closed = true;
      clearInterval(timer);
      await running;
    },
  };
}
