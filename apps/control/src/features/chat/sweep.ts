import type { Database } from "@trax/foundation/database";
import { firstId } from "@trax/foundation/ids";
import type { Logger } from "@trax/foundation/log";
import sql from "sql-template-tag";

const everyMs = 10 * 60_000;
/** So long chat is kept, here and in the outbox, ms. The documentation and the contract say so. */
export const keptMs = 7 * 24 * 3_600_000;
/** So long it is known what platforms have posted, a row a message, ms: what they post later counts as too late. */
const postsKeptMs = 24 * 3_600_000;
/** Rows at once, so that no statement holds up those who write. */
const batch = 5_000;

/** Deletes chat that is older than is kept, every ten minutes, until closed. */
export function startSweepingChat(database: Database, log: Logger): { close(): Promise<void> } {
  const closing = new AbortController();
  let running: Promise<void> = Promise.resolve();
  const timer = setInterval(() => {
    running = running
      .then(() => sweepChat(database, new Date(), closing.signal))
      .catch((error: unknown) => log.warn({ err: error }, "old chat was not deleted"));
  }, everyMs);
  return {
    async close() {
      closing.abort();
      clearInterval(timer);
      await running;
    },
  };
}

export async function sweepChat(database: Database, now: Date, signal: AbortSignal): Promise<void> {
  const oldest = new Date(now.getTime() - keptMs);
  const oldestPost = new Date(now.getTime() - postsKeptMs);
  const statements = [
    sql`delete from events where id in (
      select id from events where id < ${firstId("event", oldest)} and type = any(${chatTypes}) order by id limit ${batch}) returning id`,
    sql`delete from chat_messages where id in (
      select id from chat_messages where id < ${firstId("message", oldest)} order by id limit ${batch}) returning id`,
    sql`delete from chat_removals where ctid = any(array(
      select ctid from chat_removals where created_at < ${oldest} limit ${batch})) returning connection_id as id`,
    sql`delete from chat_webhook_deliveries where ctid = any(array(
      select ctid from chat_webhook_deliveries where created_at < ${oldestPost} limit ${batch})) returning delivery_id as id`,
    sql`delete from chat_watches where watched_until < ${oldest} returning studio_id as id`,
  ];
  for (const statement of statements) {
    let deleted = batch;
    while (deleted === batch && !signal.aborted) deleted = (await database.query<{ id: string }>(statement)).length;
  }
}

const chatTypes = ["chat.message", "chat.message_updated", "chat.messages_deleted"];
