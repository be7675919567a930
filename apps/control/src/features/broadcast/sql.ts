import sql from "sql-template-tag";
import type { Destination } from "@trax/contract";
import type { Queryable } from "@trax/foundation/database";
import { recordings } from "./recording-sql.ts";
import type { RecordingRow } from "./recording-sql.ts";
import { freshGauge, shownStatus } from "./shown-status.ts";

/** What go-live decides on. */
export type Readiness = {
  /** The studio is asked to be live already. */
  readonly asked: boolean;
  readonly enabledDestinations: boolean;
};

export async function readReadiness(db: Queryable, accountId: string, studioId: string): Promise<Readiness> {
  const ofStudio = sql`account_id = ${accountId} and studio_id = ${studioId}`;
  const [row] = await db.query<Readiness>(sql`
    select exists (select from broadcasts where ${ofStudio} and desired = 'live') as asked,
      exists (select from destinations where ${ofStudio} and enabled) as "enabledDestinations"`);
  return row ?? { asked: false, enabledDestinations: false };
}

export type BroadcastRow = {
  readonly id: string;
  readonly studioId: string;
  readonly startedAt: Date | null;
  readonly endedAt: Date | null;
  readonly endReason: string | null;
  /** As they are while it runs, as they ended afterwards; times are PostgreSQL's. */
  readonly destinations: readonly {
    readonly id: string;
    readonly status: Destination["status"];
    readonly connectedAt: string | null;
    readonly bitrate: number;
    readonly sentBytes: number;
    readonly droppedFrames: number;
    readonly reconnects: number;
    readonly roundTripMs: number | null;
    readonly lastTakenAt: string | null;
    readonly lastError: Destination["lastError"];
  }[];
  readonly recordings: readonly RecordingRow[];
};

const broadcastColumns = sql`
  b.id, b.studio_id as "studioId", b.started_at as "startedAt", b.ended_at as "endedAt", b.end_reason as "endReason",
  coalesce((select json_agg(json_build_object(
      'id', bd.destination_id,
      'status', case when b.ended_at is not null then bd.status when d.id is null then 'idle' else ${shownStatus} end,
      'connectedAt', bd.connected_at, 'reconnects', bd.reconnects, 'lastError', bd.last_error,
      'bitrate', case when b.ended_at is null and d.status = 'live' and ${freshGauge} then g.bitrate else 0 end,
      'roundTripMs', case when b.ended_at is null and d.status = 'live' and ${freshGauge} then g.round_trip_ms end,
      'lastTakenAt', case when b.ended_at is null then g.last_taken_at else bd.last_taken_at end,
      'sentBytes', case when b.ended_at is null then coalesce(g.sent_bytes, bd.sent_bytes) else bd.sent_bytes end,
      'droppedFrames', case when b.ended_at is null then coalesce(g.dropped_frames, bd.dropped_frames) else bd.dropped_frames end
    ) order by bd.destination_id)
    from broadcast_destinations bd left join destinations d on d.id = bd.destination_id
      left join destination_gauges g on g.destination_id = bd.destination_id and g.broadcast_id = b.id
    where bd.broadcast_id = b.id), '[]') as destinations,
  ${recordings} as recordings`;

/** The studio's broadcasts below an id, newest first. */
export async function listBroadcasts(
  db: Queryable,
  accountId: string,
  studioId: string,
  page: { readonly below: string | null; readonly limit: number },
): Promise<BroadcastRow[]> {
  const below = page.below === null ? sql`` : sql`and b.id < ${page.below}`;
  return db.query<BroadcastRow>(sql`
    select ${broadcastColumns} from broadcasts b
    where b.account_id = ${accountId} and b.studio_id = ${studioId} ${below}
    order by b.id desc limit ${page.limit}`);
}

export async function findBroadcast(
  db: Queryable,
  accountId: string,
  studioId: string,
  broadcastId: string,
): Promise<BroadcastRow | undefined> {
  const [row] = await db.query<BroadcastRow>(sql`
    select ${broadcastColumns} from broadcasts b
    where b.account_id = ${accountId} and b.studio_id = ${studioId} and b.id = ${broadcastId}`);
  return row;
}
