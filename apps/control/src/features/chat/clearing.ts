import type { Database } from "@trax/foundation/database";
import { isDatabaseAway } from "@trax/foundation/database";
import type { Logger } from "@trax/foundation/log";
import { openDoorbell } from "../../kernel/doorbell.ts";
import { appendEvents } from "../../kernel/events.ts";
import { holdReader } from "./intake-sql.ts";
import { holdClearing, listClearings } from "./removal-sql.ts";
import { takeNextPiece } from "./taking-back.ts";

/** Hints get lost: so often it is looked without one, ms. */
const everyMs = 5_000;
/** Between two pieces, for those who store what is said now, ms. */
const pauseMs = 20;

export type Clearer = {
  /** There may be something to take back. */
  wake(): void;
  close(): Promise<void>;
};

/**
 * Goes on with chats that were cleared and are long, piece by piece, each with
 * its events in a transaction of its own. Whoever dies is followed by any node,
 * from the last piece on.
 */
export function startClearing({ database, log }: { readonly database: Database; readonly log: Logger }): Clearer {
  const bell = openDoorbell();
  const closing = new AbortController();

  /** Answers whether there may be more to do at once. */
  const clearAll = async (): Promise<boolean> => {
    let isMore = false;
    for (const { id, connectionId } of await listClearings(database)) {
      try {
        if (await clearPiece(database, id, connectionId)) isMore = true;
      } catch (error) {
        if (isDatabaseAway(error)) throw error;
        log.error({ err: error, connectionId }, "a chat could not be cleared for now");
      }
    }
    return isMore;
  };

  const run = async (): Promise<void> => {
    while (!closing.signal.aborted) {
      const isMore = await clearAll().catch((error: unknown) => {
        if (!isDatabaseAway(error)) log.error({ err: error }, "which chats are to be cleared could not be found out");
        return false;
      });
      await bell.wait(isMore ? pauseMs : everyMs, closing.signal);
    }
  };
  const running = run();

  return {
    wake: bell.ring,
    async close() {
      closing.abort();
      await running;
    },
  };
}

/** Takes back one piece of a chat; answers whether this node did. */
async function clearPiece(database: Database, id: number, connectionId: string): Promise<boolean> {
  return database.transaction(async (tx) => {
    // As whoever stores what is read does, so that none of the two waits for the other's messages.
    await holdReader(tx, connectionId);
    const clearing = await holdClearing(tx, id);
    if (clearing === undefined) return false;
    await appendEvents(tx, await takeNextPiece(tx, clearing));
    return true;
  });
}
