import { z } from "zod";
import type { ChatEmote, ChatUpdate } from "../../platform.ts";

// The bodies of webhooks (docs.kick.com/events/event-types).
const Person = z.object({ user_id: z.number().nullish(), username: z.string().nullish() });
const Sender = Person.extend({
  identity: z
    .object({
      username_color: z.string().nullish(),
      badges: z.array(z.object({ type: z.string() })).nullish(),
    })
    .nullish(),
});
const Message = z.object({
  message_id: z.string(),
  broadcaster: z.object({ user_id: z.number() }),
  sender: Sender,
  content: z.string(),
  replies_to: z.object({ message_id: z.string() }).nullish(),
  created_at: z.string().nullish(),
});
const Banned = z.object({
  broadcaster: z.object({ user_id: z.number() }),
  banned_user: z.object({ user_id: z.number() }),
});

/** Whose chat an event is of, and what it tells. Null: it is none of chat, or not as expected. */
export function readEvent(
  type: string,
  body: unknown,
): { readonly platformUserId: string; readonly updates: readonly ChatUpdate[] } | null {
  if (type === "chat.message.sent") {
    const { data } = Message.safeParse(body);
    return data === undefined ? null : told(data.broadcaster.user_id, messageOf(data));
  }
  if (type === "moderation.banned") {
    const { data } = Banned.safeParse(body);
    if (data === undefined) return null;
    return told(data.broadcaster.user_id, {
      kind: "author-removed",
      platformUserId: String(data.banned_user.user_id),
    });
  }
  return null;
}

function told(broadcaster: number, update: ChatUpdate) {
  return { platformUserId: String(broadcaster), updates: [update] };
}

function messageOf({ message_id, broadcaster, sender, content, replies_to, created_at }: z.infer<typeof Message>) {
  const badges = (sender.identity?.badges ?? []).map(({ type }) => type);
  const isOwner = sender.user_id === broadcaster.user_id;
  const update: ChatUpdate = {
    kind: "message",
    platformMessageId: message_id,
    author: {
      platformUserId: String(sender.user_id ?? "anonymous"),
      name: sender.username ?? "Anonymous",
      color: sender.identity?.username_color ?? null,
      badges,
      isModerator: isOwner || badges.includes("moderator"),
      isOwner,
    },
    ...withEmotes(content),
    replyTo: replies_to?.message_id ?? null,
    sentAt: new Date(created_at ?? Number.NaN),
  };
  return update;
}

/** Kick writes emotes into the text, `[emote:37226:KEKW]`; its own list of where they are counts otherwise than we do. */
export function withEmotes(content: string): { readonly text: string; readonly emotes: readonly ChatEmote[] } {
  const emotes: ChatEmote[] = [];
  let text = "";
  let from = 0;
  for (const found of content.matchAll(/\[emote:(\d{1,20}):([^\]]{0,100})\]/g)) {
    const [tag, id = "", given = ""] = found;
    const name = given === "" ? id : given;
    text += content.slice(from, found.index);
    emotes.push({
      start: text.length,
      end: text.length + name.length,
      name,
      url: `https://files.kick.com/emotes/${id}/fullsize`,
    });
    text += name;
    from = found.index + tag.length;
  }
  return { text: text + content.slice(from), emotes };
}
