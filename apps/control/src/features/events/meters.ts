import type { ServerResponse } from "node:http";
import { MetersEvent } from "@trax/contract";
import type { Database } from "@trax/foundation/database";
import type { EventFeed } from "../../kernel/event-feed.ts";
import { metersWantedEveryMs, wantMeters } from "../playback/index.ts";
import { metersFrameOf } from "./frame.ts";

const Heard = MetersEvent.shape.data;

/**
 * Sends what is heard of a studio between its events until the returned function
 * is called, and has the media side measure it meanwhile. A reader that does not
 * keep up misses meters, never events.
 */
export function sendMeters(
  response: ServerResponse,
  following: {
    readonly database: Database;
    readonly feed: EventFeed;
    readonly accountId: string;
    readonly studioId: string;
  },
): () => void {
  const { database, feed, accountId, studioId } = following;
  const unwatch = feed.watchMeters(studioId, (payload) => {
    if (response.destroyed || response.writableNeedDrain) return;
    const heard = Heard.safeParse(JSON.parse(payload));
    if (!heard.success) return;
    const createdAt = new Date().toISOString();
    response.write(metersFrameOf({ type: "program.meters", createdAt, accountId, studioId, data: heard.data }));
  });
  // While the database is away nothing is measured; it is asked again.
  const want = (): void => void wantMeters(database, following).catch(() => undefined);
  want();
  const timer = setInterval(want, metersWantedEveryMs);
  return () => {
    clearInterval(timer);
    unwatch();
  };
}
