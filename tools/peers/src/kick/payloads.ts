import type { KickMessage, KickUser } from "./state.ts";

/** The bodies of Kick's webhooks: docs.kick.com/events/event-types, as of June 2026. */
type Payload = Readonly<Record<string, unknown>>;

export function chatMessage(message: KickMessage): Payload {
  const { replyTo } = message;
  return {
    message_id: message.id,
    // Absent, or null: no version of the document shows a message that replies to none.
    ...(replyTo === null
      ? {}
      : {
          replies_to: { message_id: replyTo.id, content: replyTo.content, sender: person(replyTo.sender) },
        }),
    broadcaster: person(message.channel),
    sender: { ...person(message.sender), identity: { username_color: message.color, badges: message.badges } },
    content: message.content,
    emotes: emotes(message.content),
    created_at: seconds(message.createdAt),
  };
}

export type KickBan = {
  readonly channel: KickUser;
  readonly moderator: KickUser;
  readonly user: KickUser;
  readonly reason: string;
  /** Null: for good. */
  readonly expiresAt: Date | null;
};

export function banned(ban: KickBan): Payload {
  return {
    broadcaster: person(ban.channel),
    moderator: person(ban.moderator),
    banned_user: person(ban.user),
    metadata: {
      reason: ban.reason,
      created_at: seconds(new Date()),
      expires_at: ban.expiresAt === null ? null : seconds(ban.expiresAt),
    },
  };
}

function person(user: KickUser): Payload {
  return {
    is_anonymous: false,
    user_id: user.id,
    username: user.name,
    is_verified: false,
    profile_picture: `https://files.kick.com/images/user/${user.id}/profile_image`,
    channel_slug: user.slug,
    identity: null,
  };
}

/**
 * Where `[emote:ID:NAME]` stands in the content: from its first character to
 * its last, as in the document's example. What a character is beyond ASCII is
 * not documented; here it is a code point.
 */
function emotes(content: string): readonly Payload[] {
  const found = new Map<string, { s: number; e: number }[]>();
  for (const match of content.matchAll(/\[emote:(\d+):[^\]]*\]/g)) {
    const start = Array.from(content.slice(0, match.index)).length;
    const [tag, id = ""] = match;
    found.set(id, [...(found.get(id) ?? []), { s: start, e: start + Array.from(tag).length - 1 }]);
  }
  return [...found].map(([id, positions]) => ({ emote_id: id, positions }));
}

/** RFC 3339 without fractions, as Kick writes it. */
export function seconds(time: Date): string {
  return time.toISOString().replace(/\.\d+Z$/, "Z");
}
