import type { Database } from "@trax/foundation/database";
import { watchChat } from "../chat/index.ts";

const everyMs = 20_000;

/** Has a studio's chat read until the returned function is called, and for the rest of a minute. */
export function keepChatWatched(database: Database, accountId: string, studioId: string): () => void {
  // While the database is away nothing is read; it is asked again.
  const watch = (): void => void watchChat(database, accountId, studioId).catch(() => undefined);
  watch();
  const timer = setInterval(watch, everyMs);
  return () => clearInterval(timer);
}
