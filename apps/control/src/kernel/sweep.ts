import sql from "sql-template-tag";
import type { Database } from "@trax/foundation/database";
import { firstId } from "@trax/foundation/ids";
import type { Logger } from "@trax/foundation/log";

const everyMs = 10 * 60_000;
/** The documentation says so. */
const eventsKeptMs = 30 * 24 * 3_600_000;
/** Rows at once, so that no statement holds up those who write. */
const batch = 5_000;

/** Deletes what has run out (kept answers and ICE sessions after 24 h, web sessions, events after 30 days) every ten minutes, until closed. */
export function startSweeping(database: Database, log: Logger): { close(): Promise<void> } {
  const closing = new AbortController();
  let running: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    running = running
      .then(() => sweep(database, new Date(), closing.signal))
      .catch((error: unknown) => log.warn({ err: error }, "what has run out was not deleted"));
  }, everyMs);
  return {
    async close() {
      closing.abort();
      clearInterval(timer);
      await running;
    },
  };
}

/** Exported for its test. */
export async function sweep(database: Database, now: Date, signal: AbortSignal): Promise<void> {
  await database.query(sql`delete from idempotency_keys where created_at < now() - interval '24 hours'`);
  await database.query(sql`delete from web_sessions where expires_at < now()`);
  await database.query(sql`delete from ice_sessions where begun_at < now() - interval '24 hours'`);
  // By their ids, which are in order of time and indexed: an index of times would cost every event something.
  const oldest = firstId("event", new Date(now.getTime() - eventsKeptMs));
  let deleted = batch;
  while (deleted === batch && !signal.aborted) {
    const rows = await database.query(sql`
      delete from events where id in (select id from events where id < ${oldest} order by id limit ${batch})
      returning id`);
    deleted = rows.length;
  }
}
