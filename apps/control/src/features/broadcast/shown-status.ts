import sql from "sql-template-tag";
import type { Sql } from "sql-template-tag";

/**
 * The status of a destination `d` (with its gauge `g`, outer joined) that may be
 * shown. `live` is the claim that its peer takes bytes, and the agent renews it
 * every second: not renewed for 8 s it is no longer made, whatever the row says.
 */
export const silentDestination: Sql = sql`(d.status = 'live' and coalesce(greatest(g.updated_at, d.connected_at) < now() - interval '8 seconds', true))`;

export const shownStatus: Sql = sql`case when ${silentDestination} then 'reconnecting' else d.status end`;

/** Whether the gauge `g` is of this moment; without it rates are 0. */
export const freshGauge: Sql = sql`coalesce(g.updated_at > now() - interval '5 seconds', false)`;
