import type { Logger } from "@trax/foundation/log";
import { z } from "zod";
import { PlatformError } from "../../platform.ts";
import type { PlatformClient, PlatformSession } from "../../platform.ts";
import { chatEventTypes, updateOf } from "./chat-event.ts";
import type { EventSubMessage } from "./eventsub-socket.ts";
import { followEvents } from "./eventsub.ts";
import type { Helix } from "./helix.ts";

const Revocation = z.object({ subscription: z.object({ status: z.string() }) });

/** The chat of a channel: read by EventSub over WebSocket, written by Helix. Twitch keeps no history to go on from. */
export function openTwitchChat(options: {
  readonly helix: Helix;
  readonly eventSubUrl: string;
  readonly log: Logger;
}): Required<Pick<PlatformClient, "readChat" | "sendChat">> {
  const { helix, log } = options;
  return {
    readChat(session, { signal, ready, take }) {
      let revoked: Promise<void> | null = null;
      return followEvents({
        url: options.eventSubUrl,
        signal,
        ready,
        async subscribe(sessionId) {
          for (const type of chatEventTypes) await helix.subscribe(session, { type, sessionId, signal });
        },
        async take(message) {
          if (message.metadata.message_type === "revocation") {
            // One comes for each subscription.
            revoked ??= subscriptionEnded(session, message);
            return revoked;
          }
          const update = updateOf(message);
          if (update !== null) await take([update], null);
          else
            log.debug(
              { type: message.metadata.subscription_type },
              "an event of Twitch's chat tells nothing of what is said, or is not understood",
            );
        },
      });
    },
    sendChat: (session, message) => helix.sendMessage(session, message),
  };
}

/** Rejects with what it means: a grant that is withdrawn is found out by asking for another token. */
async function subscriptionEnded(session: PlatformSession, { payload }: EventSubMessage): Promise<void> {
  const status = Revocation.safeParse(payload).data?.subscription.status ?? "";
  if (status === "version_removed")
    throw new PlatformError("refused", "Twitch does not offer chat in this way any more: TRaX has to be updated.");
  session.refused(await session.accessToken());
  await session.accessToken();
  throw new PlatformError("unavailable", "Twitch ended the subscription to the chat.");
}
