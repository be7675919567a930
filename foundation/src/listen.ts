import pg from "pg";
import type { Secret } from "./secret.ts";

/**
 * One connection that LISTENs and reconnects by itself. A notification is only
 * a hint: `onReconnected` is called after every (re)connection, since whatever
 * was notified meanwhile is lost, and the owner then reads the state itself.
 */
export type Listener = { close(): Promise<void> };

const retryMs = 200;

export function listen(options: {
  readonly url: Secret;
  readonly channels: readonly string[];
  readonly onNotification: (channel: string, payload: string) => void;
  readonly onReconnected: () => void;
  readonly onError: (error: Error) => void;
}): Listener {
  let client: pg.Client | null = null;
  let timer: NodeJS.Timeout | null = null;
  let closed = false;

  const lost = (one: pg.Client, error: Error | null): void => {
    if (client !== one) return;
    client = null;
    one.end().catch(() => undefined);
    if (closed) return;
    if (error !== null) options.onError(error);
    timer = setTimeout(() => void connect(), retryMs);
  };

  const connect = async (): Promise<void> => {
    timer = null;
    const one = new pg.Client({
      connectionString: options.url.reveal(),
      keepAlive: true,
      connectionTimeoutMillis: 5_000,
    });
    client = one;
    one.on("error", (error) => lost(one, error));
    one.on("end", () => lost(one, null));
    one.on("notification", (message) => options.onNotification(message.channel, message.payload ?? ""));
    try {
      await one.connect();
      for (const channel of options.channels) await one.query(`listen ${pg.escapeIdentifier(channel)}`);
      options.onReconnected();
    } catch (error) {
      lost(one, error instanceof Error ? error : new Error(String(error)));
    }
  };

  void connect();
  return {
    async close() {
      closed = true;
      if (timer !== null) clearTimeout(timer);
      const last = client;
      client = null;
      await last?.end().catch(() => undefined);
    },
  };
}
