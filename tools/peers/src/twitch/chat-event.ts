import type { ChatMessage, TwitchUser, World } from "./world.ts";

/** A notification's type and event, before anybody is told. */
export type ChatEvent = { readonly type: string; readonly broadcasterId: string; readonly event: object };

const fieldsOf = (prefix: string, user: TwitchUser) => ({
  [`${prefix}_user_id`]: user.id,
  [`${prefix}_user_login`]: user.login,
  [`${prefix}_user_name`]: user.name,
});

/** In a chat that is shared with no other channel. */
const whoAndWhere = ({ broadcaster, chatter }: ChatMessage) => ({
  ...fieldsOf("broadcaster", broadcaster),
  source_broadcaster_user_id: null,
  source_broadcaster_user_login: null,
  source_broadcaster_user_name: null,
  ...fieldsOf("chatter", chatter),
});

/** `channel.chat.message` v1 (EventSub reference, Channel Chat Message Event). */
export function messageEvent(world: World, message: ChatMessage): ChatEvent {
  const { broadcaster, chatter, replyTo } = message;
  const root = rootOf(message);
  return {
    type: "channel.chat.message",
    broadcasterId: broadcaster.id,
    event: {
      ...whoAndWhere(message),
      message_id: message.id,
      source_message_id: null,
      is_source_only: null,
      message: { text: message.text, fragments: fragmentsOf(world, message.text) },
      color: chatter.color,
      badges: message.badges,
      source_badges: null,
      message_type: "text",
      cheer: null,
      reply:
        replyTo === null
          ? null
          : {
              parent_message_id: replyTo.id,
              parent_message_body: replyTo.text,
              ...fieldsOf("parent", replyTo.chatter),
              thread_message_id: root.id,
              ...fieldsOf("thread", root.chatter),
            },
      channel_points_custom_reward_id: null,
      channel_points_animation_id: null,
    },
  };
}

/** What Twitch itself shows in chat, and what its own field then has (Channel Chat Notification Event). */
const notices = {
  resub: {
    cumulative_months: 3,
    duration_months: 1,
    streak_months: null,
    sub_tier: "1000",
    is_prime: false,
    is_gift: false,
    gifter_is_anonymous: null,
    gifter_user_id: null,
    gifter_user_login: null,
    gifter_user_name: null,
  },
  announcement: { color: "PRIMARY" },
} as const;

/** With what a user may say. */
export type Notice = keyof typeof notices;

/** `channel.chat.notification` v1. */
export function noticeEvent(world: World, message: ChatMessage, notice: Notice): ChatEvent {
  return notification(world, message, notice, notices[notice]);
}

/** The same of a raid, which its user says nothing with. */
export function raidEvent(world: World, broadcaster: TwitchUser, raider: TwitchUser, id: string): ChatEvent {
  const message = { id, broadcaster, chatter: raider, text: "", replyTo: null, badges: [] };
  const { id: user_id, login: user_login, name: user_name } = raider;
  return notification(world, message, "raid", {
    user_id,
    user_login,
    user_name,
    viewer_count: 7,
    profile_image_url: "",
  });
}

function notification(world: World, message: ChatMessage, type: string, details: object): ChatEvent {
  const { broadcaster, chatter, text, id, badges } = message;
  return {
    type: "channel.chat.notification",
    broadcasterId: broadcaster.id,
    event: {
      ...whoAndWhere(message),
      chatter_is_anonymous: false,
      color: chatter.color,
      badges,
      source_badges: null,
      system_message: `${chatter.name}: ${type}`,
      message_id: id,
      source_message_id: null,
      message: { text, fragments: fragmentsOf(world, text) },
      notice_type: type,
      ...Object.fromEntries(["sub", "resub", "sub_gift", "raid", "announcement"].map((name) => [name, null])),
      [type]: details,
    },
  };
}

/** `channel.chat.message_delete` v1. */
export function deletionEvent(broadcaster: TwitchUser, target: TwitchUser, messageId: string): ChatEvent {
  return {
    type: "channel.chat.message_delete",
    broadcasterId: broadcaster.id,
    event: { ...fieldsOf("broadcaster", broadcaster), ...fieldsOf("target", target), message_id: messageId },
  };
}

/** `channel.chat.clear_user_messages` v1: a time-out or a ban. */
export function userClearedEvent(broadcaster: TwitchUser, target: TwitchUser): ChatEvent {
  return {
    type: "channel.chat.clear_user_messages",
    broadcasterId: broadcaster.id,
    event: { ...fieldsOf("broadcaster", broadcaster), ...fieldsOf("target", target) },
  };
}

/** `channel.chat.clear` v1. */
export function clearedEvent(broadcaster: TwitchUser): ChatEvent {
  return {
    type: "channel.chat.clear",
    broadcasterId: broadcaster.id,
    event: fieldsOf("broadcaster", broadcaster),
  };
}

function rootOf(message: ChatMessage): ChatMessage {
  return message.replyTo === null ? message : rootOf(message.replyTo);
}

/** Words that are emotes, `@login`s that are users, and the text between them; together they are the text. */
function fragmentsOf(world: World, text: string): object[] {
  const fragments: object[] = [];
  let plain = "";
  const flush = (): void => {
    if (plain !== "") fragments.push({ type: "text", text: plain, cheermote: null, emote: null, mention: null });
    plain = "";
  };
  for (const word of text.split(/( +)/)) {
    const emote = world.emotes.get(word);
    const mentioned = word.startsWith("@")
      ? [...world.users.values()].find((user) => user.login === word.slice(1).toLowerCase())
      : undefined;
    if (emote === undefined && mentioned === undefined) {
      plain += word;
      continue;
    }
    flush();
    fragments.push({
      type: emote === undefined ? "mention" : "emote",
      text: word,
      cheermote: null,
      emote: emote === undefined ? null : { id: emote, emote_set_id: "0", owner_id: "0", format: ["static"] },
      mention:
        mentioned === undefined
          ? null
          : { user_id: mentioned.id, user_name: mentioned.name, user_login: mentioned.login },
    });
  }
  flush();
  return fragments;
}
