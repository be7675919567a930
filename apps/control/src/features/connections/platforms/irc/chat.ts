import { z } from "zod";
import { beforehand } from "../../not-done.ts";
import { PlatformError } from "../../platform.ts";
import type { PlatformClient } from "../../platform.ts";
import type { IrcConnection } from "./connection.ts";
import type { IrcPool, Use } from "./pool.ts";
import type { Place, Said } from "./said.ts";

const Cursor = z.object({ id: z.string().nullable(), time: z.number() });

/** While what was said before is asked for. */
const mostWaiting = 5_000;

/** Reading and sending, on connections that are the pool's. */
export function openIrcChat(pool: IrcPool): Required<Pick<PlatformClient, "readChat" | "sendChat">> {
  return {
    async readChat(session, { from, signal, ready, take }) {
      const over = Promise.withResolvers<never>();
      over.promise.catch(() => undefined);
      const give = (said: readonly Said[], place: Place | null = null): void => {
        const at = said.findLast((one) => one.at !== null)?.at ?? place;
        take(
          said.map(({ update }) => update),
          at === null ? null : JSON.stringify(at),
        ).catch(over.reject);
      };
      const stop = (): void => over.reject(new PlatformError("unavailable", "TRaX stopped reading."));
      signal.addEventListener("abort", stop);
      const use = pool.use(session, { lingers: false });
      try {
        signal.throwIfAborted();
        const connection = await Promise.race([use.connection, over.promise]);
        void connection.lost.then(over.reject);
        // What is said now comes after what was said before.
        let waiting: Said[] | null = [];
        connection.listen((said) => {
          if (waiting === null) give([said]);
          else if (waiting.length < mostWaiting) waiting.push(said);
          else over.reject(new PlatformError("unavailable", "More was said at once than is kept."));
        });
        const place = await Promise.race([missed(connection, from, give), over.promise]);
        if (waiting.length > 0 || place !== null) give(waiting, place);
        waiting = null;
        ready();
        await over.promise;
      } finally {
        signal.removeEventListener("abort", stop);
        letGo(use);
      }
    },
    async sendChat(session, { text, replyTo, signal }) {
      const use = pool.use(session, { lingers: true });
      try {
        const connection = await beforehand(use.connection, signal);
        return { platformMessageId: await connection.say(text, replyTo, signal) };
      } finally {
        use.release();
      }
    },
  };
}

/** Gives what was said since then, where the server keeps that. Answers where reading begins, where nothing was kept. */
async function missed(
  connection: IrcConnection,
  from: string | null,
  give: (said: readonly Said[]) => void,
): Promise<Place | null> {
  if (!connection.has("draft/chathistory") || !connection.has("batch")) return null;
  const place = from === null ? null : placeAt(from);
  if (place === null) return connection.joinedAt;
  const said = await connection.history.after(place);
  if (said.length > 0) give(said);
  return null;
}

function placeAt(cursor: string): Place | null {
  try {
    return Cursor.safeParse(JSON.parse(cursor)).data ?? null;
  } catch {
    return null;
  }
}

function letGo(use: Use): void {
  use.connection.then(
    (connection) => connection.listen(null),
    () => undefined,
  );
  use.release();
}
