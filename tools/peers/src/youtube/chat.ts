import { randomUUID } from "node:crypto";
import type { Channel } from "./channel.ts";

export type Author = Channel & {
  readonly isModerator?: boolean;
  readonly isSponsor?: boolean;
  readonly isVerified?: boolean;
};

/** A `liveChatMessage` before its parts are chosen. */
export type ChatItem = { readonly id: string; readonly snippet: object; readonly authorDetails?: object };

/**
 * One live chat: a log that only grows, in which a page token is a place.
 * Readers are told when it grew, or ended.
 */
export type Chat = {
  readonly id: string;
  readonly items: readonly ChatItem[];
  readonly endedAt: () => string | null;
  /** Says a text message; answers its id. */
  readonly say: (author: Author, text: string, id?: string) => string;
  readonly superChat: (author: Author, amountMicros: string, currency: string, comment: string) => string;
  /** By a moderator; also of a message that nobody has seen yet. */
  readonly deleteMessage: (moderator: Author, messageId: string) => void;
  readonly ban: (moderator: Author, banned: Author, seconds?: number) => void;
  /** Keeps what is said back until `release`. */
  readonly hold: () => void;
  readonly release: (order?: "as said" | "reversed") => void;
  /** The last messages again, ids and all. */
  readonly repeat: (count?: number) => void;
  readonly end: () => void;
  /** Calls until the answered function is called. */
  readonly onChange: (listener: () => void) => () => void;
};

export function makeChat(id: string, owner: Channel): Chat {
  const items: ChatItem[] = [];
  const listeners = new Set<() => void>();
  let held: ChatItem[] | undefined;
  let endedAt: string | null = null;

  const changed = (): void => {
    for (const listener of listeners) listener();
  };
  const add = (item: ChatItem): string => {
    if (held === undefined) {
      items.push(item);
      changed();
    } else held.push(item);
    return item.id;
  };
  const make = (author: Author, type: string, details: object, display: string | null, itemId?: string): ChatItem => ({
    id: itemId ?? `LCC.${randomUUID()}`,
    snippet: {
      type,
      liveChatId: id,
      authorChannelId: author.id,
      publishedAt: new Date().toISOString(),
      hasDisplayContent: display !== null,
      ...(display === null ? {} : { displayMessage: display }),
      ...details,
    },
    authorDetails: { ...profile(author), ...roles(author, owner) },
  });

  return {
    id,
    items,
    endedAt: () => endedAt,
    say: (author, text, itemId) =>
      add(make(author, "textMessageEvent", { textMessageDetails: { messageText: text } }, text, itemId)),
    superChat: (author, amountMicros, currency, userComment) => {
      const amountDisplayString = `${currency} ${(Number(amountMicros) / 1e6).toFixed(2)}`;
      const superChatDetails = { amountMicros, currency, amountDisplayString, userComment, tier: 1 };
      const display = `${amountDisplayString} from ${author.title}: "${userComment}"`;
      return add(make(author, "superChatEvent", { superChatDetails }, display));
    },
    deleteMessage: (moderator, messageId) => {
      const index = items.findIndex((item) => item.id === messageId);
      const found = items[index];
      // Who reads the history later finds a tombstone in its place.
      if (found !== undefined) {
        const publishedAt: unknown = Reflect.get(found.snippet, "publishedAt");
        items[index] = { id: messageId, snippet: { type: "tombstone", liveChatId: id, publishedAt } };
      }
      const details = { messageDeletedDetails: { deletedMessageId: messageId } };
      add(make(moderator, "messageDeletedEvent", details, null));
    },
    ban: (moderator, banned, seconds) => {
      const userBannedDetails = {
        bannedUserDetails: profile(banned),
        banType: seconds === undefined ? "permanent" : "temporary",
        ...(seconds === undefined ? {} : { banDurationSeconds: String(seconds) }),
      };
      add(make(moderator, "userBannedEvent", { userBannedDetails }, null));
    },
    hold: () => {
      held ??= [];
    },
    release: (order = "as said") => {
      const waiting = held ?? [];
      held = undefined;
      items.push(...(order === "reversed" ? waiting.toReversed() : waiting));
      changed();
    },
    repeat: (count = 1) => {
      items.push(...items.slice(-count));
      changed();
    },
    end: () => {
      if (endedAt !== null) return;
      endedAt = new Date().toISOString();
      add(make({ ...owner }, "chatEndedEvent", {}, null));
    },
    onChange: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function profile(author: Channel): object {
  return {
    channelId: author.id,
    channelUrl: `http://www.youtube.com/channel/${author.id}`,
    displayName: author.title,
    profileImageUrl: `https://yt3.ggpht.com/${author.id}=s88-c-k-c0x00ffffff-no-rj`,
  };
}

function roles(author: Author, owner: Channel): object {
  return {
    isVerified: author.isVerified ?? false,
    isChatOwner: author.id === owner.id,
    isChatSponsor: author.isSponsor ?? false,
    isChatModerator: author.isModerator ?? false,
  };
}
