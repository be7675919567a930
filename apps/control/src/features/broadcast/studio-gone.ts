import sql from "sql-template-tag";
import type { Queryable } from "@trax/foundation/database";
import { channels, notifyDesired, notifySessions } from "@trax/media-protocol";

/** Tells all who look after a studio that it was deleted: agents, its publishers' sessions, and who follows its events. */
export async function notifyStudioGone(tx: Queryable, studioId: string): Promise<void> {
  await notifyDesired(tx, studioId);
  await notifySessions(tx);
  await tx.query(sql`select pg_notify(${channels.events}, ${studioId})`);
}
