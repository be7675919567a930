import { readSnapshot, requestSnapshot } from "@trax/media-protocol";
import type { Snapshot, SnapshotOf } from "@trax/media-protocol";
import type { Database } from "@trax/foundation/database";
import { ApiError, noCapacity } from "../../kernel/errors.ts";
import type { EventFeed } from "../../kernel/event-feed.ts";

const maxAgeMs = 1_000;
const patienceMs = 10_000;
/** A program that only starts for it may not have heard the first request. */
const askAgainMs = 500;

type Wanted = { readonly accountId: string; readonly studioId: string; readonly of: SnapshotOf };

export type Snapshots = {
  /** A picture at most a second old; refuses when none comes in time. */
  take(wanted: Wanted): Promise<Snapshot>;
};

/** However many ask for a picture at once, it is asked for once. */
export function openSnapshots(database: Database, feed: EventFeed): Snapshots {
  const underWay = new Map<SnapshotOf, Promise<Snapshot>>();
  return {
    take(wanted) {
      const known = underWay.get(wanted.of);
      if (known !== undefined) return known;
      const taking = takeOne(database, feed, wanted).finally(() => underWay.delete(wanted.of));
      underWay.set(wanted.of, taking);
      return taking;
    },
  };
}

async function takeOne(database: Database, feed: EventFeed, wanted: Wanted): Promise<Snapshot> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const arrival = arrivalOf(feed, wanted.of);
    try {
      const found = await readSnapshot(database, wanted, maxAgeMs);
      if (found !== null) return found;
      const left = deadline - performance.now();
      if (left <= 0) throw noPicture();
      if (!(await database.transaction((tx) => requestSnapshot(tx, wanted, wanted.of)))) throw noCapacity();
      await arrival.within(Math.min(left, askAgainMs));
    } finally {
      arrival.stop();
    }
  }
}

function noPicture(): ApiError {
  return new ApiError("media_unavailable", "No picture could be taken in time: try again in a moment.", {
    headers: { "retry-after": "1" },
  });
}

/** Counts from when it is called, so that a picture that comes before it is waited for is not missed. */
function arrivalOf(feed: EventFeed, of: SnapshotOf): { within(ms: number): Promise<void>; stop(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const unwatch = feed.watchSnapshot(of, resolve);
  let timer: NodeJS.Timeout | null = null;
  return {
    within(ms) {
      timer = setTimeout(resolve, ms);
      return promise;
    },
    stop() {
      if (timer !== null) clearTimeout(timer);
      unwatch();
    },
  };
}
