import sql from "sql-template-tag";
import type { Sql } from "sql-template-tag";
import type { Database, Queryable } from "@trax/foundation/database";
import { appendMediaEvent } from "./event.ts";

/**
 * What the agent saw, written with its event in one transaction, and only when
 * it is a change: writing the same again writes nothing, so that there is
 * exactly one event a real change whoever repeats himself after a crash.
 */
/**
 * Every transaction that touches a studio's rows takes the studio first: two
 * that took them in different orders would wait for each other for ever.
 */
async function lockStudioOf(tx: Queryable, owned: Sql): Promise<void> {
  await tx.query(sql`select id from studios where id = (${owned}) for no key update`);
}

export type ObservedSource = {
  readonly sourceId: string;
  readonly status: "offline" | "online" | "error";
  readonly protocol: string | null;
  readonly video: object | null;
  readonly audio: object | null;
  /** Why it cannot be shown; null, or none: as before. */
  readonly lastError?: { readonly code: string; readonly message: string; readonly at: string } | null;
  readonly nodeId: string;
};

/** Answers the studio's id when it was a change, null when not (or the source is gone). */
export async function recordSource(db: Database, seen: ObservedSource): Promise<string | null> {
  return db.transaction(async (tx) => {
    await lockStudioOf(tx, sql`select studio_id from sources where id = ${seen.sourceId}`);
    const [before] = await tx.query<{ status: string }>(
      sql`select status from sources where id = ${seen.sourceId} for update`,
    );
    const video = seen.video === null ? null : JSON.stringify(seen.video);
    const audio = seen.audio === null ? null : JSON.stringify(seen.audio);
    const error = (seen.lastError ?? null) === null ? null : JSON.stringify(seen.lastError);
    const [row] = await tx.query<{ account_id: string; studio_id: string }>(sql`
      update sources set status = ${seen.status}, protocol = ${seen.protocol}, video = ${video}, audio = ${audio},
        node_id = ${seen.status === "offline" ? null : seen.nodeId}, last_error = coalesce(${error}::jsonb, last_error),
        online_at = case when ${seen.status} = 'online' and status <> 'online' then now() else online_at end,
        offline_at = case when ${seen.status} <> 'online' and status = 'online' then now() else offline_at end
      where id = ${seen.sourceId}
        and (status, protocol, video, audio, last_error) is distinct from
            (${seen.status}, ${seen.protocol}, ${video}::jsonb, ${audio}::jsonb, coalesce(${error}::jsonb, last_error))
      returning account_id, studio_id`);
    if (row === undefined || before === undefined) return null;
    if (before.status !== seen.status) {
      await appendMediaEvent(tx, {
        accountId: row.account_id,
        studioId: row.studio_id,
        type: "source.status_changed",
        data: { sourceId: seen.sourceId, status: seen.status, previousStatus: before.status, protocol: seen.protocol },
      });
    }
    return row.studio_id;
  });
}

/** The sources that some agent of this node last saw other than offline. */
export async function readSourcesOnline(db: Queryable, nodeId: string): Promise<string[]> {
  const rows = await db.query<{ id: string }>(
    sql`select id from sources where status <> 'offline' and node_id = ${nodeId}`,
  );
  return rows.map((row) => row.id);
}

export type ObservedDestination = {
  readonly destinationId: string;
  /** The broadcast it is part of; null when it is not on air. */
  readonly broadcastId: string | null;
  readonly status: "idle" | "connecting" | "live" | "reconnecting" | "failed";
  readonly connectedAt: string | null;
  /** In this broadcast; null: as many as before. */
  readonly reconnects: number | null;
  readonly lastError: { readonly code: string; readonly message: string; readonly at: string } | null;
};

/** Answers whether it was a change. A null `lastError` keeps the last one. */
export async function recordDestination(db: Database, seen: ObservedDestination): Promise<boolean> {
  return db.transaction(async (tx) => {
    await lockStudioOf(tx, sql`select studio_id from destinations where id = ${seen.destinationId}`);
    const [before] = await tx.query<{ status: string }>(
      sql`select status from destinations where id = ${seen.destinationId} for update`,
    );
    const error = seen.lastError === null ? null : JSON.stringify(seen.lastError);
    const [row] = await tx.query<{ account_id: string; studio_id: string; reconnects: number }>(sql`
      update destinations set status = ${seen.status}, connected_at = ${seen.connectedAt}, reconnects = coalesce(${seen.reconnects}, reconnects),
        last_error = coalesce(${error}::jsonb, last_error)
      where id = ${seen.destinationId}
        and (status, connected_at, reconnects, last_error) is distinct from
            (${seen.status}, ${seen.connectedAt}::timestamptz, coalesce(${seen.reconnects}, reconnects), coalesce(${error}::jsonb, last_error))
      returning account_id, studio_id, reconnects`);
    if (row === undefined || before === undefined) return false;
    if (seen.broadcastId !== null) {
      await tx.query(sql`
        insert into broadcast_destinations (broadcast_id, destination_id, status, connected_at, reconnects, last_error)
        values (${seen.broadcastId}, ${seen.destinationId}, ${seen.status}, ${seen.connectedAt}, ${row.reconnects}, ${error})
        on conflict (broadcast_id, destination_id) do update set status = excluded.status,
          connected_at = coalesce(excluded.connected_at, broadcast_destinations.connected_at), reconnects = excluded.reconnects,
          last_error = coalesce(excluded.last_error, broadcast_destinations.last_error)`);
    }
    if (before.status !== seen.status) {
      await appendMediaEvent(tx, {
        accountId: row.account_id,
        studioId: row.studio_id,
        type: "destination.status_changed",
        data: {
          destinationId: seen.destinationId,
          status: seen.status,
          previousStatus: before.status,
          lastError: seen.lastError,
        },
      });
    }
    return true;
  });
}

/** Remembers that a broadcast has had a source: only then can it lose its last one. */
export async function recordHadSource(db: Queryable, broadcastId: string): Promise<void> {
  await db.query(sql`update broadcasts set had_source = true where id = ${broadcastId} and not had_source`);
}

/** `autoGoLive` may fire again, once every source has been offline. */
export async function rearmAutoGoLive(db: Queryable, studioId: string): Promise<void> {
  await db.query(sql`update studios set auto_armed = true where id = ${studioId} and not auto_armed`);
}

/** The program runs and is taken: the studio is live. Once a broadcast; answers whether it was this call. */
export async function recordLive(db: Database, broadcastId: string): Promise<boolean> {
  return db.transaction(async (tx) => {
    await lockStudioOf(tx, sql`select studio_id from broadcasts where id = ${broadcastId}`);
    const [row] = await tx.query<{ account_id: string; studio_id: string }>(sql`
      update broadcasts set started_at = now()
      where id = ${broadcastId} and started_at is null and desired = 'live'
      returning account_id, studio_id`);
    if (row === undefined) return false;
    await tx.query(sql`update studios set state = 'live', updated_at = now() where id = ${row.studio_id}`);
    await appendMediaEvent(tx, {
      accountId: row.account_id,
      studioId: row.studio_id,
      type: "stream.live",
      data: { broadcastId },
    });
    return true;
  });
}

export type FinalDestination = {
  readonly destinationId: string;
  readonly sentBytes: number;
  readonly droppedFrames: number;
  readonly lastTakenAt: string | null;
};

/** Nothing is sent any more: the broadcast has ended. Once; answers whether it was this call. */
export async function recordEnded(
  db: Database,
  broadcastId: string,
  finals: readonly FinalDestination[],
): Promise<boolean> {
  return db.transaction(async (tx) => {
    await lockStudioOf(tx, sql`select studio_id from broadcasts where id = ${broadcastId}`);
    const [row] = await tx.query<{
      account_id: string;
      studio_id: string;
      end_reason: string | null;
      started_at: Date | null;
    }>(sql`
      update broadcasts set ended_at = now(), lease_expires_at = null
      where id = ${broadcastId} and ended_at is null and desired = 'ended'
      returning account_id, studio_id, end_reason, started_at`);
    if (row === undefined) return false;
    // An agent before this one, or the destination itself, may be gone: then the last gauge is what is known.
    await tx.query(sql`
      update broadcast_destinations b set status = case when b.status = 'failed' then 'failed' else 'idle' end,
        sent_bytes = coalesce(f."sentBytes", g.sent_bytes, b.sent_bytes),
        dropped_frames = coalesce(f."droppedFrames", g.dropped_frames, b.dropped_frames),
        last_taken_at = coalesce(f."lastTakenAt", g.last_taken_at)
      from broadcast_destinations own
        left join destination_gauges g on g.destination_id = own.destination_id and g.broadcast_id = own.broadcast_id
        left join jsonb_to_recordset(${JSON.stringify(finals)}::jsonb)
          as f("destinationId" text, "sentBytes" bigint, "droppedFrames" bigint, "lastTakenAt" timestamptz)
            on f."destinationId" = own.destination_id
      where own.broadcast_id = ${broadcastId}
        and b.broadcast_id = own.broadcast_id and b.destination_id = own.destination_id`);
    await tx.query(sql`
      update studios set state = 'offline', updated_at = now()
      where id = ${row.studio_id} and state <> 'offline'
        and not exists (select from broadcasts where studio_id = ${row.studio_id} and ended_at is null)`);
    if (row.started_at !== null) {
      await appendMediaEvent(tx, {
        accountId: row.account_id,
        studioId: row.studio_id,
        type: "stream.offline",
        data: { broadcastId, reason: row.end_reason },
      });
    }
    return true;
  });
}
