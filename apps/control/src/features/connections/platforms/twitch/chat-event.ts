import { z } from "zod";
import type { ChatEmote, ChatUpdate } from "../../platform.ts";
import type { EventSubMessage } from "./eventsub-socket.ts";

const Fragment = z.object({ text: z.string(), emote: z.object({ id: z.string() }).nullish() });
const Said = z.object({
  broadcaster_user_id: z.string(),
  chatter_user_id: z.string(),
  chatter_user_login: z.string(),
  chatter_user_name: z.string(),
  message_id: z.string(),
  message: z.object({ text: z.string(), fragments: z.array(Fragment).default([]) }),
  color: z.string().nullish(),
  badges: z.array(z.object({ set_id: z.string() })).default([]),
  reply: z.object({ parent_message_id: z.string() }).nullish(),
});
const Payload = z.object({ event: z.unknown() });

/** How each type of event is read; also the types that are subscribed to (EventSub reference, Chat). */
const readers = new Map<string, (event: unknown, at: Date) => ChatUpdate | null>([
  ["channel.chat.message", (event, at) => said(Said.parse(event), at)],
  // What Twitch itself shows in chat: somebody subscribed again, raids, announces. It may carry what they say to that.
  ["channel.chat.notification", (event, at) => saidWith(said(Said.parse(event), at))],
  [
    "channel.chat.message_delete",
    (event) => {
      const { message_id: platformMessageId } = z.object({ message_id: z.string() }).parse(event);
      return { kind: "deleted", platformMessageId };
    },
  ],
  [
    "channel.chat.clear_user_messages",
    (event) => {
      const { target_user_id: platformUserId } = z.object({ target_user_id: z.string() }).parse(event);
      return { kind: "author-removed", platformUserId };
    },
  ],
  ["channel.chat.clear", () => ({ kind: "cleared" })],
]);

export const chatEventTypes: readonly string[] = [...readers.keys()];

/** What a notification tells of a chat; null where it is none, nobody says anything by it, or it is not as Twitch documents it. */
export function updateOf({ metadata, payload }: EventSubMessage): ChatUpdate | null {
  const read = readers.get(metadata.subscription_type ?? "");
  if (metadata.message_type !== "notification" || read === undefined) return null;
  try {
    return read(Payload.parse(payload).event, new Date(metadata.message_timestamp));
  } catch (error) {
    if (error instanceof z.ZodError) return null;
    throw error;
  }
}

type Message = Extract<ChatUpdate, { readonly kind: "message" }>;

function saidWith(message: Message): Message | null {
  return message.text.trim() === "" ? null : message;
}

function said(event: z.infer<typeof Said>, sentAt: Date): Message {
  const { fragments } = event.message;
  const badges = event.badges.map(({ set_id: name }) => name);
  return {
    kind: "message",
    platformMessageId: event.message_id,
    author: {
      platformUserId: event.chatter_user_id,
      name: event.chatter_user_name === "" ? event.chatter_user_login : event.chatter_user_name,
      color: event.color === "" ? null : (event.color ?? null),
      badges,
      isModerator: badges.some((name) => name === "moderator" || name === "lead_moderator"),
      isOwner: event.chatter_user_id === event.broadcaster_user_id,
    },
    // Together the fragments are the text; places are counted in these.
    text: fragments.length === 0 ? event.message.text : fragments.map(({ text }) => text).join(""),
    emotes: emotesOf(fragments),
    replyTo: event.reply?.parent_message_id ?? null,
    sentAt,
  };
}

function emotesOf(fragments: readonly z.infer<typeof Fragment>[]): ChatEmote[] {
  const emotes: ChatEmote[] = [];
  let start = 0;
  for (const { text, emote } of fragments) {
    const end = start + text.length;
    if (emote !== null && emote !== undefined) emotes.push({ start, end, name: text, url: emoteUrl(emote.id) });
    start = end;
  }
  return emotes;
}

/** By the template of Twitch's Get Global Emotes: moving where it moves, for dark pages, 28 pixels. */
function emoteUrl(id: string): string {
  return `https://static-cdn.jtvnw.net/emoticons/v2/${encodeURIComponent(id)}/default/dark/1.0`;
}
