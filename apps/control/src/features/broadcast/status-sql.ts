import sql from "sql-template-tag";
import type { Destination, SourceAudio, SourceStatus, SourceVideo, StudioState } from "@trax/contract";
import type { Queryable } from "@trax/foundation/database";
import { freshGauge, shownStatus, silentDestination } from "./shown-status.ts";

/** Times in here are PostgreSQL's own ISO 8601, with offset and microseconds. */
export type StatusRow = {
  readonly studioId: string;
  readonly state: StudioState;
  readonly programMode: "composed" | "passthrough";
  readonly programSourceId: string | null;
  readonly canvas: { readonly width: number; readonly height: number; readonly audioBitrate: number };
  readonly onSlate: boolean;
  /** Of a composed program, as measured just now; null: none is made. */
  readonly gauge: {
    readonly frameRate: number;
    readonly behindMs: number;
    readonly skips: boolean;
    /** bit/s that are sent to its destinations. */
    readonly bitrate: number;
    readonly preset: string;
    readonly driftMs: number;
  } | null;
  /** Of the node that runs the broadcast, 0 to 1. */
  readonly nodeBusy: number | null;
  /** Its source would have taken it live just now, had there been room. */
  readonly heldBack: boolean;
  /** Some media node has told that it lives. */
  readonly nodeAlive: boolean;
  /** The one that is asked for, else the one that is ending. */
  readonly broadcast: { readonly id: string; readonly startedAt: string | null; readonly hadSource: boolean } | null;
  readonly sources: readonly SourceRow[];
  readonly destinations: readonly DestinationRow[];
};

export type SourceRow = {
  readonly id: string;
  readonly name: string;
  readonly status: SourceStatus;
  readonly video: SourceVideo | null;
  readonly audio: SourceAudio | null;
  readonly onlineAt: string | null;
  /** bit/s of all that arrives; null when it is not known. */
  readonly bitrateNow: number | null;
  /** What it has been over the last minute or two. */
  readonly usualBitrate: number | null;
  readonly lastFrameAt: string | null;
  readonly protocol: string | null;
  readonly lastError: { readonly message: string } | null;
  /** Part of its packets, over the last seconds; null when it is not known. */
  readonly packetLoss: number | null;
  /** Online, says the row, but the node that said so is silent. */
  readonly silent: boolean;
};

export type DestinationRow = {
  readonly id: string;
  readonly name: string;
  readonly enabled: boolean;
  readonly status: Destination["status"];
  readonly silent: boolean;
  readonly connectedAt: string | null;
  readonly bitrate: number;
  readonly sentBytes: number;
  readonly droppedFrames: number;
  /** Some of them in the last seconds. */
  readonly drops: boolean;
  readonly reconnects: number;
  readonly roundTripMs: number | null;
  readonly lastTakenAt: string | null;
  readonly lastError: Destination["lastError"];
};

/** Everything the status of a studio is made of, at one moment; undefined when the account has no such studio. */
export async function readStatus(db: Queryable, accountId: string, studioId: string): Promise<StatusRow | undefined> {
  const [row] = await db.query<StatusRow>(sql`
    select s.id as "studioId", s.state, s.program_mode as "programMode", s.program_source_id as "programSourceId",
      json_build_object('width', s.width, 'height', s.height, 'audioBitrate', s.audio_bitrate) as canvas,
      coalesce((select on_slate from programs where studio_id = s.id), false) as "onSlate",
      (select json_build_object('frameRate', g.frame_rate, 'behindMs', g.behind_ms, 'bitrate', g.bitrate, 'preset', g.preset,
          'driftMs', g.drift_ms, 'skips', coalesce(g.skipped_at > now() - interval '10 seconds', false))
        from program_gauges g where g.studio_id = s.id and ${freshGauge}) as gauge,
      (select busy from media_nodes n where n.id = b.node_id and n.heartbeat_at > now() - interval '15 seconds') as "nodeBusy",
      s.auto_go_live and coalesce(s.held_back_at > now() - interval '15 seconds', false) and exists (
        select from sources c where c.studio_id = s.id and c.kind = 'ingest' and c.status <> 'offline') as "heldBack",
      exists (select from media_nodes where heartbeat_at > now() - interval '15 seconds') as "nodeAlive",
      (select json_build_object('id', b.id, 'startedAt', b.started_at, 'hadSource', b.had_source) where b.id is not null) as broadcast,
      coalesce((select json_agg(json_build_object(
          'id', c.id, 'name', c.name, 'status', c.status, 'video', c.video, 'audio', c.audio, 'onlineAt', c.online_at,
          'bitrateNow', case when ${freshGauge} then g.bitrate end, 'usualBitrate', case when ${freshGauge} then g.usual_bitrate end,
          'lastFrameAt', g.last_frame_at, 'protocol', c.protocol, 'lastError', c.last_error, 'packetLoss', case when ${freshGauge} then g.packet_loss end,
          'silent', c.status = 'online' and not exists
            (select from media_nodes n where n.id = c.node_id and n.heartbeat_at > now() - interval '15 seconds')
        ) order by c.id)
        from sources c left join source_gauges g on g.source_id = c.id
        where c.studio_id = s.id and c.account_id = s.account_id), '[]') as sources,
      coalesce((select json_agg(json_build_object(
          'id', d.id, 'name', d.name, 'enabled', d.enabled, 'status', ${shownStatus}, 'silent', ${silentDestination},
          'connectedAt', d.connected_at, 'reconnects', d.reconnects, 'lastError', d.last_error,
          'bitrate', case when d.status = 'live' and g.broadcast_id = b.id and ${freshGauge} then g.bitrate else 0 end,
          'roundTripMs', case when d.status = 'live' and g.broadcast_id = b.id and ${freshGauge} then g.round_trip_ms end,
          'lastTakenAt', case when g.broadcast_id = b.id then g.last_taken_at end,
          'sentBytes', case when g.broadcast_id = b.id then g.sent_bytes else coalesce(bd.sent_bytes, 0) end,
          'drops', g.broadcast_id = b.id and coalesce(g.dropped_at > now() - interval '10 seconds', false),
          'droppedFrames', case when g.broadcast_id = b.id then g.dropped_frames else coalesce(bd.dropped_frames, 0) end
        ) order by d.id)
        from destinations d left join destination_gauges g on g.destination_id = d.id
          left join broadcast_destinations bd on bd.broadcast_id = b.id and bd.destination_id = d.id
        where d.studio_id = s.id and d.account_id = s.account_id), '[]') as destinations
    from studios s left join lateral (
      select id, started_at, had_source, node_id from broadcasts
      where studio_id = s.id and ended_at is null order by desired = 'live' desc, id desc limit 1) b on true
    where s.account_id = ${accountId} and s.id = ${studioId}`);
  return row;
}
