import type { Handlers } from "../../kernel/mount.ts";
import type { Services } from "../../kernel/services.ts";
import { follow } from "./follow.ts";

export type EventHandlers = { readonly follow: Handlers<"streamEvents"> };

/** @param patienceMs How long a reader may take nothing before it is let go. */
export function eventHandlers({ eventFeed }: Pick<Services, "eventFeed">, patienceMs = 30_000): EventHandlers {
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
