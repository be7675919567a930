import sql from "sql-template-tag";
import type { Queryable } from "@trax/foundation/database";

export type SourceGauge = {
  readonly sourceId: string;
  readonly bitrate: number;
  readonly lastFrameAt: string | null;
  /** Part of its packets that was lost over the last seconds, 0 to 1; null: nobody can tell. */
  readonly packetLoss: number | null;
};
export type DestinationGauge = {
  readonly destinationId: string;
  readonly broadcastId: string;
  readonly bitrate: number;
  readonly sentBytes: number;
  readonly droppedFrames: number;
  /** To the peer and back, where the protocol tells. */
  readonly roundTripMs: number | null;
  /** RFC 3339: when the peer last took anything in this broadcast. */
  readonly lastTakenAt: string | null;
};
export type ProgramGauge = {
  readonly studioId: string;
  /** Frames made a second. */
  readonly frameRate: number;
  readonly behindMs: number;
  readonly skippedFrames: number;
  /** bit/s that are sent to its destinations. */
  readonly bitrate: number;
  readonly preset: string;
  readonly cores: number;
  readonly driftMs: number;
};

/** One batched write a node a second, into unlogged tables: cheap, and may be lost. */
export async function writeGauges(
  db: Queryable,
  sources: readonly SourceGauge[],
  destinations: readonly DestinationGauge[],
  programs: readonly ProgramGauge[] = [],
): Promise<void> {
  if (sources.length > 0) {
    await db.query(sql`
      insert into source_gauges as known (source_id, bitrate, last_frame_at, packet_loss, usual_bitrate, updated_at)
      select "sourceId", bitrate, "lastFrameAt", "packetLoss", bitrate, now()
      from jsonb_to_recordset(${JSON.stringify(sources)}::jsonb)
        as g("sourceId" text, bitrate bigint, "lastFrameAt" timestamptz, "packetLoss" real)
      on conflict (source_id) do update set bitrate = excluded.bitrate, packet_loss = excluded.packet_loss,
        last_frame_at = coalesce(excluded.last_frame_at, known.last_frame_at), updated_at = excluded.updated_at,
        usual_bitrate = case when known.updated_at < now() - interval '10 seconds' then excluded.bitrate else
          coalesce(known.usual_bitrate, 0) + (excluded.bitrate - coalesce(known.usual_bitrate, 0))
            * case when excluded.bitrate > coalesce(known.usual_bitrate, 0) then 0.2 else 0.01 end end`);
  }
  if (destinations.length > 0) {
    await db.query(sql`
      insert into destination_gauges as known (destination_id, broadcast_id, bitrate, sent_bytes, dropped_frames, round_trip_ms, last_taken_at, updated_at)
      select "destinationId", "broadcastId", bitrate, "sentBytes", "droppedFrames", "roundTripMs", "lastTakenAt", now()
      from jsonb_to_recordset(${JSON.stringify(destinations)}::jsonb)
        as g("destinationId" text, "broadcastId" text, bitrate bigint, "sentBytes" bigint, "droppedFrames" bigint,
             "roundTripMs" int, "lastTakenAt" timestamptz)
      on conflict (destination_id) do update set broadcast_id = excluded.broadcast_id, bitrate = excluded.bitrate,
        sent_bytes = excluded.sent_bytes, dropped_frames = excluded.dropped_frames, round_trip_ms = excluded.round_trip_ms,
        last_taken_at = excluded.last_taken_at, updated_at = excluded.updated_at,
        dropped_at = case
          when excluded.broadcast_id <> known.broadcast_id then null
          when excluded.dropped_frames > known.dropped_frames then now()
          else known.dropped_at end`);
  }
  if (programs.length > 0) {
    await db.query(sql`
      insert into program_gauges as known (studio_id, frame_rate, behind_ms, skipped_frames, bitrate, preset, cores, drift_ms, updated_at)
      select "studioId", "frameRate", "behindMs", "skippedFrames", bitrate, preset, cores, "driftMs", now()
      from jsonb_to_recordset(${JSON.stringify(programs)}::jsonb)
        as g("studioId" text, "frameRate" real, "behindMs" int, "skippedFrames" bigint, bitrate bigint, preset text, cores real, "driftMs" int)
      on conflict (studio_id) do update set frame_rate = excluded.frame_rate, behind_ms = excluded.behind_ms,
        skipped_frames = excluded.skipped_frames, bitrate = excluded.bitrate, preset = excluded.preset, cores = excluded.cores,
        drift_ms = excluded.drift_ms, updated_at = excluded.updated_at,
        skipped_at = case when excluded.skipped_frames > known.skipped_frames then now() else known.skipped_at end`);
  }
}

/** Where the counters of a broadcast's destinations stood, for an agent that takes over. */
export async function readDestinationGauges(db: Queryable, broadcastId: string): Promise<DestinationGauge[]> {
  return db.query<DestinationGauge>(sql`
    select destination_id as "destinationId", broadcast_id as "broadcastId", bitrate, sent_bytes as "sentBytes",
      dropped_frames as "droppedFrames", round_trip_ms as "roundTripMs", to_json(last_taken_at) #>> '{}' as "lastTakenAt"
    from destination_gauges where broadcast_id = ${broadcastId}`);
}
