import { z } from "zod";
import { PlatformError } from "../../platform.ts";
import { openEventSubSocket } from "./eventsub-socket.ts";
import type { EventSubMessage, EventSubSocket } from "./eventsub-socket.ts";

const Reconnect = z.object({ session: z.object({ reconnect_url: z.url() }) });
/** Twitch says a notification again within minutes, if it does. */
const mostRemembered = 2_000;

/**
 * Follows what Twitch tells a session by WebSocket until the signal ends it or
 * the connection is lost; rejects with why. Asked to reconnect, it keeps the old
 * connection until the new one is welcomed and lets it say what it still has;
 * a message that comes twice is given once (dev.twitch.tv, Handling WebSocket Events).
 */
export async function followEvents(following: {
  readonly url: string;
  readonly signal: AbortSignal;
  /** Subscribes a session that was just welcomed. */
  readonly subscribe: (sessionId: string) => Promise<void>;
  readonly ready: () => void;
  /** Notifications and revocations. What it rejects with ends it all. */
  readonly take: (message: EventSubMessage) => Promise<void>;
}): Promise<never> {
  const { signal } = following;
  const over = Promise.withResolvers<never>();
  over.promise.catch(() => undefined);
  const open = new Set<EventSubSocket>();
  const isNew = memory();
  let current: EventSubSocket | null = null;
  let next: EventSubSocket | null = null;

  const connect = (url: string): EventSubSocket => {
    const socket = openEventSubSocket(url, heard);
    open.add(socket);
    void socket.lost.then((why) => {
      open.delete(socket);
      if (socket === next) next = null;
      if (socket === current) current = null;
      if (current === null && next === null) over.reject(why);
    });
    return socket;
  };

  const heard = (message: EventSubMessage): void => {
    if (!isNew(message.metadata.message_id)) return;
    if (message.metadata.message_type === "session_reconnect") move(message.payload);
    else following.take(message).catch(over.reject);
  };

  const move = (payload: unknown): void => {
    const url = Reconnect.safeParse(payload).data?.session.reconnect_url ?? "";
    // Never from TLS to the clear. Without a place to go the old connection ends by itself.
    if (next !== null || URL.parse(url)?.protocol !== new URL(following.url).protocol) return;
    const opened = connect(url);
    next = opened;
    opened.welcomed.then(
      () => {
        current?.close();
        current = opened;
        next = null;
      },
      () => undefined,
    );
  };

  const stop = (): void => over.reject(new PlatformError("unavailable", "TRaX stopped reading."));
  signal.addEventListener("abort", stop);
  try {
    signal.throwIfAborted();
    const first = connect(following.url);
    current = first;
    const sessionId = await Promise.race([first.welcomed, over.promise]);
    await Promise.race([following.subscribe(sessionId), over.promise]);
    following.ready();
    return await over.promise;
  } finally {
    signal.removeEventListener("abort", stop);
    for (const socket of open) socket.destroy();
  }
}

/** Answers whether an id is seen for the first time, among the latest. */
function memory(): (id: string) => boolean {
  const seen = new Set<string>();
  return (id) => {
    if (seen.has(id)) return false;
    seen.add(id);
    const [oldest = id] = seen;
    if (seen.size > mostRemembered) seen.delete(oldest);
    return true;
  };
}
