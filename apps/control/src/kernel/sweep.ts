import sql from "sql-template-tag";
import type { Database } from "@trax/foundation/database";
import type { Logger } from "@trax/foundation/log";

const everyMs = 10 * 60_000;

/** Deletes what has run out (kept answers after 24 h, web sessions, events after 30 days) every ten minutes, until closed. */
export function startSweeping(database: Database, log: Logger): { close(): Promise<void> } {
  let running: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    running = running
      .then(() => sweep(database))
      .catch((error: unknown) => log.warn({ err: error }, "what has run out was not deleted"));
  }, everyMs);
  return {
    async close() {
      clearInterval(timer);
      await running;
    },
  };
}

async function sweep(database: Database): Promise<void> {
  await database.query(sql`delete from idempotency_keys where created_at < now() - interval '24 hours'`);
  await database.query(sql`delete from web_sessions where expires_at < now()`);
  await database.query(sql`delete from events where created_at < now() - interval '30 days'`);
}
