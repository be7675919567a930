import { z } from "zod";
import type { ChatUpdate } from "../../platform.ts";
import { readBody } from "./body.ts";

/** What the chat's WebSocket tells (owncast/core/chat/events), as far as it is used. */
const User = z.object({
  id: z.string(),
  displayName: z.string(),
  isBot: z.boolean().nullish(),
  authenticated: z.boolean().nullish(),
  scopes: z.array(z.string()).nullish(),
});
const Message = z.object({
  type: z.enum(["CHAT", "SYSTEM"]),
  id: z.string(),
  timestamp: z.string(),
  body: z.string(),
  user: z.object({ displayName: z.string() }).nullish(),
});
const Visibility = z.object({ type: z.literal("VISIBILITY-UPDATE"), ids: z.array(z.string()), visible: z.boolean() });
const Typed = z.object({ type: z.string() });

/** `NEEDS_REGISTRATION`, `USER_DISABLED`, ...: why the chat is closed to us; null: it is not. */
export function refusalOf(event: unknown): string | null {
  const { data } = Typed.safeParse(event);
  return data?.type.startsWith("ERROR_") === true ? data.type.slice(6) : null;
}

export function isWelcome(event: unknown): boolean {
  return Typed.safeParse(event).data?.type === "CONNECTED_USER_INFO";
}

/** @param base the instance's address */
export function updatesOf(event: unknown, base: string): readonly ChatUpdate[] {
  const hidden = Visibility.safeParse(event).data;
  if (hidden !== undefined)
    return hidden.visible ? [] : hidden.ids.map((platformMessageId) => ({ kind: "deleted", platformMessageId }));
  const { data: message } = Message.safeParse(event);
  if (message === undefined) return [];
  const user = z.object({ user: User }).safeParse(event).data?.user;
  if (message.type === "CHAT" && user === undefined) return [];
  const isModerator = user?.scopes?.includes("MODERATOR") === true;
  const badges = [
    ...(isModerator ? ["moderator"] : []),
    ...(user?.isBot === true ? ["bot"] : []),
    ...(user?.authenticated === true ? ["authenticated"] : []),
  ];
  return [
    {
      kind: "message",
      platformMessageId: message.id,
      author: {
        platformUserId: user?.id ?? "system",
        name: message.user?.displayName ?? "",
        // A number that means a color of the page's theme, which is the instance's own.
        color: null,
        badges: message.type === "SYSTEM" ? ["system"] : badges,
        isModerator,
        isOwner: false,
      },
      ...readBody(message.body, base),
      replyTo: null,
      sentAt: new Date(message.timestamp),
      // Sending is answered without an id, and no token tells which bot it is.
      ...(user?.isBot === true ? { isPerhapsOurs: true } : {}),
    },
  ];
}
