import { LRUCache } from "lru-cache";
import { z } from "zod";
import { asAccount } from "../../oauth.ts";
import { beforehand } from "../../not-done.ts";
import { PlatformError } from "../../platform.ts";
import type { PlatformClient, PlatformSession } from "../../platform.ts";
import type { YouTubeApi } from "./api.ts";
import { followChat, isOver, usualTimes } from "./chat-follow.ts";
import type { ChatTimes, Followed } from "./chat-follow.ts";
import type { Live } from "./live.ts";

/** A broadcast is looked for again after a quarter of the time that there was none, within these, ms: a look costs 1 unit. */
const lookAgainMs = { least: 15_000, most: 120_000 };

/** What is kept of a chat that was read: which, how far, and whether it has ended. */
const Cursor = z.object({ chat: z.string(), page: z.string().nullable(), over: z.boolean() });
type Cursor = z.infer<typeof Cursor>;

const insertUnits = 50;

/**
 * The chat of the channel's broadcast that is on. YouTube has no other, so it is
 * looked for, and looked for again, sparingly, while there is none.
 */
export function openYouTubeChat(
  { api, live }: { readonly api: YouTubeApi; readonly live: Live },
  times: ChatTimes = usualTimes,
): Required<Pick<PlatformClient, "readChat" | "sendChat">> {
  /** The chat of a connection, so that not every message that is sent looks for it. */
  const known = new LRUCache<string, string>({ max: 1_000, ttl: 60_000 });
  /** Since when (`performance.now()`) a connection has no broadcast. */
  const missing = new LRUCache<string, number>({ max: 1_000, ttl: 10 * 60_000 });

  const find = async (session: PlatformSession): Promise<string | null> => {
    const chat = await live.activeChat(session);
    if (chat !== null) known.set(session.connectionId, chat);
    return chat;
  };

  const noBroadcast = ({ connectionId }: PlatformSession): PlatformError => {
    const since = missing.get(connectionId) ?? performance.now();
    missing.set(connectionId, since);
    const wait = Math.min(lookAgainMs.most, Math.max(lookAgainMs.least, (performance.now() - since) / 4));
    return new PlatformError("unavailable", "There is no broadcast on this YouTube channel now.", Math.round(wait));
  };

  const insert = async (session: PlatformSession, chat: string, text: string, signal: AbortSignal) => {
    const snippet = { liveChatId: chat, type: "textMessageEvent", textMessageDetails: { messageText: text } };
    const request = {
      method: "POST",
      path: "liveChat/messages",
      query: { part: "id,snippet" },
      json: { snippet },
      answer: z.object({ id: z.string().optional() }),
      units: insertUnits,
      isChat: true,
      signal,
    } as const;
    const { id } = await asAccount(session, (token) => api.ask(token, request), signal);
    return { platformMessageId: id ?? null };
  };

  return {
    async readChat(session, { from, signal, ready, take }) {
      const last = readCursor(from);
      let ended: string | null = null;
      for (let cursor = last; ;) {
        // One that had not ended is gone on with, without looking for it.
        const chatId: string | null = cursor !== null && !cursor.over ? cursor.chat : await find(session);
        if (chatId === null || chatId === ended) throw noBroadcast(session);
        const chat: Followed = { chatId, page: cursor?.chat === chatId ? cursor.page : null };
        const cursorNow = (over: boolean): string => JSON.stringify({ chat: chatId, page: chat.page, over });
        await followChat(
          {
            api,
            session,
            times,
            signal,
            ready: () => {
              known.set(session.connectionId, chatId);
              missing.delete(session.connectionId);
              ready();
            },
            take: (updates) => take(updates, cursorNow(false)),
          },
          chat,
        );
        known.delete(session.connectionId);
        ended = chatId;
        cursor = { chat: chatId, page: chat.page, over: true };
        await take([], cursorNow(true));
      }
    },
    async sendChat(session, { text, signal }) {
      const cached = known.get(session.connectionId) ?? null;
      if (cached !== null) {
        try {
          return await insert(session, cached, text, signal);
        } catch (error) {
          if (!isOver(error)) throw error;
          known.delete(session.connectionId);
        }
      }
      const chat = await beforehand(find(session), signal);
      if (chat === null || chat === cached)
        throw new PlatformError("refused", "YouTube has chat only during a broadcast, and none is on now.");
      return insert(session, chat, text, signal);
    },
  };
}

function readCursor(from: string | null): Cursor | null {
  if (from === null) return null;
  try {
    return Cursor.parse(JSON.parse(from));
  } catch {
    // Of another version of TRaX: the recent history is read again.
    return null;
  }
}
