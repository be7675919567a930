import { setTimeout as delay } from "node:timers/promises";
import { z } from "zod";
import { asAccount, readAnswer } from "../../oauth.ts";
import { PlatformError } from "../../platform.ts";
import type { HttpRefusal, PlatformClient, PlatformHttp, PlatformSession } from "../../platform.ts";

/** What Kick is to post (docs.kick.com/events/event-types). It has no event for a message that is deleted. */
const wanted = ["chat.message.sent", "moderation.banned"];
/** Kick ends the subscriptions of an app that does not answer for a day, and does not tell. */
const lookAgainMs = 60_000;

const Subscriptions = z.object({ data: z.array(z.object({ event: z.string() })) });
const Subscribed = z.object({ data: z.array(z.object({ name: z.string(), error: z.string().nullish() })) });
const Sent = z.object({ data: z.object({ is_sent: z.boolean(), message_id: z.string() }) });

/** @param lookAgain ms */
export function openKickChat(
  http: PlatformHttp,
  apiUrl: string,
  lookAgain = lookAgainMs,
): Required<Pick<PlatformClient, "readChat" | "sendChat">> {
  const url = `${apiUrl}/events/subscriptions`;

  const subscribe = (session: PlatformSession, signal: AbortSignal): Promise<void> =>
    asAccount(session, async (token) => {
      const request = { url, bearer: token, signal, explain: withoutScope("read the chat") };
      const known = readAnswer("Kick", Subscriptions, await http.json({ method: "GET", ...request }));
      const missing = wanted.filter((event) => !known.data.some((one) => one.event === event));
      if (missing.length === 0) return;
      const json = { method: "webhook", events: missing.map((name) => ({ name, version: 1 })) };
      const made = readAnswer("Kick", Subscribed, await http.json({ method: "POST", ...request, json }));
      const wrong = made.data.find(({ error }) => (error ?? "") !== "");
      if (wrong !== undefined) throw new PlatformError("refused", `Kick does not tell of its chat (${wrong.name}).`);
    });

  return {
    /** Kick posts what is said (`webhook.ts`); here is seen to that it does. Nothing is missed that it posts, so there are no cursors. */
    async readChat(session, { signal, ready }) {
      await subscribe(session, signal);
      ready();
      for (;;) {
        await delay(lookAgain, undefined, { signal });
        await subscribe(session, signal);
      }
    },
    async sendChat(session, { text, replyTo, signal }) {
      const json = {
        type: "user",
        content: text,
        broadcaster_user_id: Number(session.platformUserId),
        ...(replyTo === null ? {} : { reply_to_message_id: replyTo }),
      };
      const request = {
        method: "POST",
        url: `${apiUrl}/chat`,
        json,
        signal,
        explain: withoutScope("write to it"),
      } as const;
      const answer = await asAccount(session, (bearer) => http.json({ ...request, bearer }), signal);
      const { data } = readAnswer("Kick", Sent, answer);
      if (!data.is_sent) throw new PlatformError("refused", "Kick did not show the message.");
      return { platformMessageId: data.message_id };
    },
  };
}

function withoutScope(what: string): (refusal: HttpRefusal) => PlatformError | null {
  return ({ status }) =>
    status === 403
      ? new PlatformError("refused", `Kick does not let TRaX ${what}: link the account again and allow it.`)
      : null;
}
