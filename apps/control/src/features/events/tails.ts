import type { Database } from "@trax/foundation/database";
import type { EventFeed } from "../../kernel/event-feed.ts";
import { Remembered } from "./remembered.ts";
import { Tail } from "./tail.ts";
import { openChatWatching } from "./watch-chat.ts";

/** The studios that are followed on this node, each with one tail. */
export type Tails = {
  /** The studio's tail, until `leave`, which resolves once nothing of it is left where nobody else follows. */
  join(studio: { readonly accountId: string; readonly studioId: string }): {
    readonly tail: Tail;
    readonly leave: () => Promise<void>;
  };
  /** Has the studio's chat read until the returned function is called. */
  readonly watchChat: (studio: { readonly accountId: string; readonly studioId: string }) => () => void;
};

export function openTails(database: Database, feed: EventFeed): Tails {
  const parts = { database, feed, remembered: new Remembered() };
  const followed = new Map<string, { readonly tail: Tail; readers: number }>();
  return {
    watchChat: openChatWatching(database),
    join(studio) {
      const key = `${studio.accountId} ${studio.studioId}`;
      const known = followed.get(key);
      const one = known === undefined || known.tail.isOver ? { tail: new Tail(studio, parts), readers: 0 } : known;
      followed.set(key, one);
      one.readers++;
      return {
        tail: one.tail,
        async leave() {
          one.readers--;
          if (one.readers > 0) return;
          if (followed.get(key) === one) followed.delete(key);
          await one.tail.close();
        },
      };
    },
  };
}
