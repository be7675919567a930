import { setTimeout as delay } from "node:timers/promises";
import { asAccount } from "../../oauth.ts";
import { PlatformError } from "../../platform.ts";
import type { ChatUpdate, PlatformSession } from "../../platform.ts";
import type { YouTubeApi } from "./api.ts";
import { YouTubeRefusal } from "./api.ts";
import { ChatPage, readPage } from "./chat-page.ts";

/** All in ms. */
export type ChatTimes = {
  /** A stream that says nothing for so long is opened again: it may be one that lost its other end. */
  readonly quiet: number;
  /** Between an opening of a stream and the next but one, at the least. Each costs as much as a page. */
  readonly betweenStreams: number;
  /** How long it is polled where the stream does not work, before that is tried again. */
  readonly polling: number;
};

export const usualTimes: ChatTimes = { quiet: 120_000, betweenStreams: 5_000, polling: 60_000 };

const usualPollMs = 5_000;
const pageUnits = 5;

/** One chat that is followed, and how far. */
export type Followed = {
  readonly chatId: string;
  /** YouTube's page token; null: from its recent history. */
  page: string | null;
};

export type Following = {
  readonly api: YouTubeApi;
  readonly session: PlatformSession;
  readonly times: ChatTimes;
  readonly signal: AbortSignal;
  readonly ready: () => void;
  /** Given what a page held, after `page` of `Followed` has moved on. */
  readonly take: (updates: readonly ChatUpdate[]) => Promise<void>;
};

/** Means that the chat is no more. */
export function isOver(error: unknown): boolean {
  return error instanceof YouTubeRefusal && /^liveChat(?:Ended|NotFound)$/u.test(error.reason);
}

/**
 * Follows a chat to its end, which is when it resolves: by `stream`, and by
 * `list`, at the interval it tells, while that does not work. Each goes on where
 * the other was.
 */
export async function followChat(following: Following, chat: Followed): Promise<void> {
  const { signal, times } = following;
  let [before, opened] = [-Infinity, -Infinity];
  try {
    for (;;) {
      signal.throwIfAborted();
      [before, opened] = [opened, performance.now()];
      const came = await streamed(following, chat);
      if (came === "over") return;
      if (came === "unusable" && (await polled(following, chat)) === "over") return;
      const rest = before + times.betweenStreams - performance.now();
      if (came === "broken" && rest > 0) await delay(rest, undefined, { signal });
    }
  } catch (error) {
    if (!isOver(error)) throw error;
  }
}

async function streamed(following: Following, chat: Followed): Promise<"over" | "broken" | "unusable"> {
  try {
    return await asAccount(following.session, (token) => streamOnce(following, chat, token));
  } catch (error) {
    if (forgetPage(chat, error)) return "broken";
    if (following.signal.aborted || !(error instanceof PlatformError) || isOver(error)) throw error;
    const isNoStream = error.kind === "unavailable" || (error.kind === "refused" && !isFinal(error));
    if (!isNoStream) throw error;
    return "unusable";
  }
}

/** Polling would be told the same. */
function isFinal(error: PlatformError): boolean {
  return (
    error instanceof YouTubeRefusal && /^(?:liveChatDisabled|forbidden|insufficientPermissions)$/u.test(error.reason)
  );
}

/** A page token that YouTube does not know any more: from the recent history again, once. */
function forgetPage(chat: Followed, error: unknown): boolean {
  if (chat.page === null || !(error instanceof YouTubeRefusal) || !/pageToken/iu.test(error.reason)) return false;
  chat.page = null;
  return true;
}

async function streamOnce(
  following: Following,
  chat: Followed,
  token: Parameters<YouTubeApi["stream"]>[0],
): Promise<"over" | "broken"> {
  const quiet = new AbortController();
  const signal = AbortSignal.any([quiet.signal, following.signal]);
  let timer: NodeJS.Timeout | undefined;
  const opened = (): void => {
    timer = setTimeout(() => quiet.abort(), following.times.quiet);
    following.ready();
  };
  let isOffline = false;
  try {
    const request = {
      path: "liveChat/messages/stream",
      query: queryOf(chat),
      answer: ChatPage,
      units: pageUnits,
      isChat: true,
    };
    for await (const page of following.api.stream(token, { ...request, signal, opened })) {
      timer?.refresh();
      isOffline = page.offlineAt !== undefined;
      if (await takePage(following, chat, page)) return "over";
    }
    // Nothing comes after that.
    return isOffline ? "over" : "broken";
  } finally {
    clearTimeout(timer);
    quiet.abort();
  }
}

async function polled(following: Following, chat: Followed): Promise<"over" | "again"> {
  const { api, session, signal, times } = following;
  const until = performance.now() + times.polling;
  while (performance.now() < until) {
    const page = await asAccount(session, (token) =>
      api.ask(token, {
        path: "liveChat/messages",
        query: queryOf(chat),
        answer: ChatPage,
        units: pageUnits,
        isChat: true,
        signal,
      }),
    ).catch((error: unknown) => {
      if (forgetPage(chat, error)) return null;
      throw error;
    });
    if (page !== null) {
      following.ready();
      if (await takePage(following, chat, page)) return "over";
      if (page.offlineAt !== undefined && page.items.length === 0) return "over";
    }
    await delay(page?.pollingIntervalMillis ?? usualPollMs, undefined, { signal });
  }
  return "again";
}

function queryOf({ chatId, page }: Followed): Readonly<Record<string, string>> {
  return { liveChatId: chatId, part: "id,snippet,authorDetails", ...(page === null ? {} : { pageToken: page }) };
}

async function takePage(following: Following, chat: Followed, page: ChatPage): Promise<boolean> {
  const { updates, hasEnded } = readPage(page);
  chat.page = page.nextPageToken ?? chat.page;
  await following.take(updates);
  return hasEnded;
}
