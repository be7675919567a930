import type { Database } from "@trax/foundation/database";
import { ApiError } from "../../kernel/errors.ts";
import type { EventFeed } from "../../kernel/event-feed.ts";
import { readShown } from "./program-sql.ts";

/** Resolves with the time of the take's first frame (or of a later take's, which then came at once). */
export type UntilShown = (accountId: string, studioId: string, take: number) => Promise<string>;

/** A program on an overloaded machine shows a take late, and late is better known than guessed at. */
const patienceMs = 10_000;

/**
 * Waits for what the media agent writes of takes. Throws `media_unavailable`
 * when that takes too long: the scene is set all the same.
 */
export function openShownWait(database: Database, feed: Pick<EventFeed, "watchProgram">): UntilShown {
  return async (accountId, studioId, take) => {
    let isLate = false;
    let wake = Promise.withResolvers<void>();
    const unwatch = feed.watchProgram(studioId, () => wake.resolve());
    const timer = setTimeout(() => {
      isLate = true;
      wake.resolve();
    }, patienceMs);
    try {
      for (;;) {
        const shown = await readShown(database, accountId, studioId);
        if (shown !== null && shown.take >= take) return shown.at.toISOString();
        if (isLate) throw notYet();
        await wake.promise;
        wake = Promise.withResolvers<void>();
      }
    } finally {
      unwatch();
      clearTimeout(timer);
    }
  };
}

function notYet(): ApiError {
  return new ApiError("media_unavailable", "The scene is set, and will be shown when the program is back.", {
    headers: { "retry-after": "1" },
  });
}
