import { z } from "zod";
import { asAccount } from "../../oauth.ts";
import { PlatformError } from "../../platform.ts";
import type { ChatUpdate, PlatformClient, PlatformSession } from "../../platform.ts";
import { openChatSocket } from "./chat-socket.ts";
import type { ChatSocket, Patience } from "./chat-socket.ts";
import { updatesOf } from "./events.ts";
import type { OwncastApi } from "./instance.ts";

/** Who begins to read again after so long begins anew, ms. */
const oldestMs = 3_600_000;

/** While what was said before is asked for. */
const mostWaiting = 5_000;

const Cursor = z.object({ time: z.number() });

/** The chat: read as one of its users, sent to as the integration. */
export function openOwncastChat(
  api: OwncastApi,
  allowedNetworks: readonly string[],
  patience?: Patience,
): Required<Pick<PlatformClient, "readChat" | "sendChat">> {
  /** The users of the chat that we are, by connection: a chat is entered again as the same. */
  const users = new Map<string, string>();

  const enter = async (
    session: PlatformSession,
    signal: AbortSignal,
    take: (event: unknown) => void,
  ): Promise<{ readonly socket: ChatSocket; readonly userToken: string }> => {
    const base = baseOf(session);
    for (let attempt = 0; ; attempt += 1) {
      const userToken = users.get(session.connectionId) ?? (await api.register(base, signal));
      users.set(session.connectionId, userToken);
      const socket = await openChatSocket(base, userToken, {
        allowedNetworks,
        take,
        ...(patience === undefined ? {} : { patience }),
      });
      const stop = (): void => socket.close();
      signal.addEventListener("abort", stop);
      try {
        if (signal.aborted) socket.close();
        if ((await socket.entered) === true) return { socket, userToken };
      } finally {
        signal.removeEventListener("abort", stop);
      }
      // The instance was set up anew, or somebody put us out: once more as somebody new.
      socket.close();
      users.delete(session.connectionId);
      if (attempt === 1) throw new PlatformError("refused", "Owncast does not let TRaX into its chat.");
    }
  };

  return {
    async readChat(session, { from, signal, ready, take }) {
      const base = baseOf(session);
      const over = Promise.withResolvers<never>();
      over.promise.catch(() => undefined);
      const give = (updates: readonly ChatUpdate[]): void => {
        if (updates.length > 0) take(updates, cursorAt(updates)).catch(over.reject);
      };
      // What is said now comes after what was said before.
      let waiting: ChatUpdate[] | null = [];
      const { socket, userToken } = await enter(session, signal, (event) => {
        const updates = updatesOf(event, base);
        if (waiting === null) give(updates);
        else if (waiting.length < mostWaiting) waiting.push(...updates);
        else over.reject(new PlatformError("unavailable", "More was said at once than is kept."));
      });
      const stop = (): void => socket.close();
      signal.addEventListener("abort", stop);
      void socket.lost.then(over.reject);
      try {
        if (signal.aborted) socket.close();
        const since = timeOf(from);
        if (since !== null) give(after(since, await api.history(base, userToken, signal), base));
        else if (waiting.length === 0) take([], JSON.stringify({ time: Date.now() })).catch(over.reject);
        give(waiting);
        waiting = null;
        ready();
        await over.promise;
      } finally {
        signal.removeEventListener("abort", stop);
        socket.close();
      }
    },
    async sendChat(session, { text, signal }) {
      await asAccount(session, (token) => api.send(baseOf(session), token, text, signal), signal);
      return { platformMessageId: null };
    },
  };
}

export function baseOf({ settings }: Pick<PlatformSession, "settings">): string {
  return settings["url"] ?? "";
}

/** Messages of that time again, too: each is stored once. */
function after(since: number, history: readonly unknown[], base: string): ChatUpdate[] {
  return history
    .flatMap((event) => updatesOf(event, base))
    .filter((update) => update.kind === "message" && update.sentAt.getTime() >= since);
}

function cursorAt(updates: readonly ChatUpdate[]): string | null {
  const last = updates.findLast((update) => update.kind === "message");
  return last === undefined || Number.isNaN(last.sentAt.getTime())
    ? null
    : JSON.stringify({ time: last.sentAt.getTime() });
}

function timeOf(cursor: string | null): number | null {
  if (cursor === null) return null;
  try {
    const time = Cursor.safeParse(JSON.parse(cursor)).data?.time ?? 0;
    return time < Date.now() - oldestMs ? null : time;
  } catch {
    return null;
  }
}
