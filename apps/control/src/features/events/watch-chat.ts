import type { Database } from "@trax/foundation/database";
import { watchChat } from "../chat/index.ts";

const everyMs = 20_000;

/**
 * Gives a function that has a studio's chat read until what it returns is called,
 * and for the rest of a minute: asked for once, however many follow it on this node.
 */
export function openChatWatching(
  database: Database,
): (studio: { readonly accountId: string; readonly studioId: string }) => () => void {
  const watched = new Map<string, { readonly timer: NodeJS.Timeout; followers: number }>();
  return ({ accountId, studioId }) => {
    const key = `${accountId} ${studioId}`;
    const begin = (): { readonly timer: NodeJS.Timeout; followers: number } => {
      // While the database is away nothing is read; it is asked again.
      const watch = (): void => void watchChat(database, accountId, studioId).catch(() => undefined);
      watch();
      return { timer: setInterval(watch, everyMs), followers: 0 };
    };
    const one = watched.get(key) ?? begin();
    watched.set(key, one);
    one.followers++;
    return () => {
      one.followers--;
      if (one.followers > 0) return;
      clearInterval(one.timer);
      watched.delete(key);
    };
  };
}
