import sql from "sql-template-tag";
import type { Queryable } from "@trax/foundation/database";

export type SourceGauge = { readonly sourceId: string; readonly bitrate: number; readonly lastFrameAt: string | null };
export type DestinationGauge = {
  readonly destinationId: string;
  readonly broadcastId: string;
  readonly bitrate: number;
  readonly sentBytes: number;
  readonly droppedFrames: number;
};

/** One batched write a node a second, into unlogged tables: cheap, and may be lost. */
export async function writeGauges(
  db: Queryable,
  sources: readonly SourceGauge[],
  destinations: readonly DestinationGauge[],
): Promise<void> {
  if (sources.length > 0) {
    await db.query(sql`
      insert into source_gauges (source_id, bitrate, last_frame_at, updated_at)
      select "sourceId", bitrate, "lastFrameAt", now()
      from jsonb_to_recordset(${JSON.stringify(sources)}::jsonb) as g("sourceId" text, bitrate bigint, "lastFrameAt" timestamptz)
      on conflict (source_id) do update set bitrate = excluded.bitrate,
        last_frame_at = coalesce(excluded.last_frame_at, source_gauges.last_frame_at), updated_at = excluded.updated_at`);
  }
  if (destinations.length > 0) {
    await db.query(sql`
      insert into destination_gauges (destination_id, broadcast_id, bitrate, sent_bytes, dropped_frames, updated_at)
      select "destinationId", "broadcastId", bitrate, "sentBytes", "droppedFrames", now()
      from jsonb_to_recordset(${JSON.stringify(destinations)}::jsonb)
        as g("destinationId" text, "broadcastId" text, bitrate bigint, "sentBytes" bigint, "droppedFrames" bigint)
      on conflict (destination_id) do update set broadcast_id = excluded.broadcast_id, bitrate = excluded.bitrate,
        sent_bytes = excluded.sent_bytes, dropped_frames = excluded.dropped_frames, updated_at = excluded.updated_at`);
  }
}

/** Where the counters of a broadcast's destinations stood, for an agent that takes over. */
export async function readDestinationGauges(db: Queryable, broadcastId: string): Promise<DestinationGauge[]> {
  return db.query<DestinationGauge>(sql`
    select destination_id as "destinationId", broadcast_id as "broadcastId", bitrate, sent_bytes as "sentBytes", dropped_frames as "droppedFrames"
    from destination_gauges where broadcast_id = ${broadcastId}`);
}
