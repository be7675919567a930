import type { Handlers } from "../../kernel/mount.ts";
import type { Services } from "../../kernel/services.ts";
import { follow } from "./follow.ts";
import { openTails } from "./tails.ts";
import { Unread } from "./unread.ts";

export type EventHandlers = { readonly follow: Handlers<"streamEvents"> };

/** @param patienceMs How long a reader may take nothing before it is let go. */
export function eventHandlers(
  { eventFeed, database: pool }: Pick<Services, "eventFeed" | "database">,
  patienceMs = 30_000,
): EventHandlers {
  const tails = openTails(pool, eventFeed);
  const unread = new Unread();
  return {
    follow: {
      streamEvents: ({ database, accountId, principal, params, query, headers, signal, open }) => {
        // The header is a browser's own, and newer than the URL it was first given.
        const header = headers["last-event-id"];
        const lastEventId = (typeof header === "string" && header !== "" ? header : query.lastEventId) ?? null;
        const { scopes } = principal;
        return follow({
          database,
          feed: eventFeed,
          tails,
          unread,
          accountId,
          studioId: params.id,
          scopes,
          lastEventId,
          meters: query.meters === "true",
          signal,
          open,
          patienceMs,
        });
      },
    },
  };
}
