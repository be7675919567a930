import sql from "sql-template-tag";
import { newId } from "@trax/foundation/ids";
import type { Database, Queryable } from "@trax/foundation/database";
import { appendMediaEvent } from "./event.ts";

/** One file of a broadcast. A broadcast has several where recording was interrupted. */
export type RecordingFile = {
  readonly recordingId: string;
  readonly studioId: string;
  /** Below the data directory of its node. */
  readonly path: string;
};

/** Where the recordings of a studio are, below the data directory of a node. */
export function recordingsOf(studioId: string): string {
  return `recordings/${studioId}`;
}

/** Whether the studio's broadcasts are to be recorded; false where it is gone. */
export async function wantsRecording(db: Queryable, studioId: string): Promise<boolean> {
  const [row] = await db.query<{ enabled: boolean }>(
    sql`select recording_enabled as enabled from studios where id = ${studioId}`,
  );
  return row?.enabled === true;
}

/** Begins the next recording of a broadcast, on this node, with its event. Null where the broadcast is over or gone. */
export async function startRecording(db: Database, nodeId: string, broadcastId: string): Promise<RecordingFile | null> {
  return db.transaction(async (tx) => {
    await tx.query(sql`
      select id from studios where id = (select studio_id from broadcasts where id = ${broadcastId}) for no key update`);
    const recordingId = newId("recording");
    const [row] = await tx.query<{ accountId: string; studioId: string; path: string }>(sql`
      insert into recordings (id, account_id, studio_id, broadcast_id, node_id, path)
      select ${recordingId}, b.account_id, b.studio_id, b.id, ${nodeId},
        'recordings/' || b.studio_id || '/' || b.id || '-' ||
          (select count(*) + 1 from recordings r where r.broadcast_id = b.id) || '.mp4'
      from broadcasts b where b.id = ${broadcastId} and b.desired = 'live'
      returning account_id as "accountId", studio_id as "studioId", path`);
    if (row === undefined) return null;
    await appendMediaEvent(tx, {
      accountId: row.accountId,
      studioId: row.studioId,
      type: "recording.status_changed",
      data: { recordingId, broadcastId, status: "recording", previousStatus: null, failureReason: null },
    });
    return { recordingId, studioId: row.studioId, path: row.path };
  });
}

export type ObservedRecording = {
  readonly recordingId: string;
  readonly status: "recording" | "ready" | "failed";
  /** Null while it is being written. */
  readonly durationMs: number | null;
  readonly sizeBytes: number | null;
  /** Why it ended before its broadcast did, in words; it may be ready all the same. */
  readonly failureReason: string | null;
};

/**
 * What the agent saw of a recording, with its event where the status changed.
 * One that is ready or failed stays so. Answers whether it was a change.
 */
export async function recordRecording(db: Database, seen: ObservedRecording): Promise<boolean> {
  return db.transaction(async (tx) => {
    const { recordingId, status, durationMs, sizeBytes, failureReason } = seen;
    await tx.query(sql`
      select id from studios where id = (select studio_id from recordings where id = ${recordingId}) for no key update`);
    const [row] = await tx.query<{ accountId: string; studioId: string; broadcastId: string }>(sql`
      update recordings set status = ${status}, duration_ms = ${durationMs}, size_bytes = ${sizeBytes},
        failure_reason = ${failureReason}, updated_at = now()
      where id = ${recordingId} and status = 'recording'
        and (status, duration_ms, size_bytes, failure_reason)
          is distinct from (${status}, ${durationMs}::bigint, ${sizeBytes}::bigint, ${failureReason})
      returning account_id as "accountId", studio_id as "studioId", broadcast_id as "broadcastId"`);
    if (row === undefined) return false;
    if (status !== "recording") {
      await appendMediaEvent(tx, {
        accountId: row.accountId,
        studioId: row.studioId,
        type: "recording.status_changed",
        data: { recordingId, broadcastId: row.broadcastId, status, previousStatus: "recording", failureReason },
      });
    }
    return true;
  });
}

/** Recordings of this node that are said to be going on: after a start of the agent, none is. */
export async function readUnfinishedRecordings(db: Queryable, nodeId: string): Promise<RecordingFile[]> {
  return db.query<RecordingFile>(sql`
    select id as "recordingId", studio_id as "studioId", path from recordings
    where node_id = ${nodeId} and status = 'recording'`);
}

/** Recordings that were deleted, whose files this node has still to remove. */
export async function readDeletedRecordings(db: Queryable, nodeId: string): Promise<RecordingFile[]> {
  return db.query<RecordingFile>(sql`
    select id as "recordingId", studio_id as "studioId", path from recordings
    where node_id = ${nodeId} and status = 'deleted' and removed_at is null`);
}

/** The file of a recording that was deleted is gone. */
export async function recordRemoved(db: Queryable, recordingId: string): Promise<void> {
  await db.query(sql`update recordings set removed_at = now() where id = ${recordingId} and status = 'deleted'`);
}

/** Whether an agent of this node has worked on this database before. */
export async function isKnownNode(db: Queryable, nodeId: string): Promise<boolean> {
  return (await db.query(sql`select id from media_nodes where id = ${nodeId}`)).length > 0;
}

/** Those of the studios that are there. */
export async function presentStudios(db: Queryable, studioIds: readonly string[]): Promise<string[]> {
  const rows = await db.query<{ id: string }>(sql`select id from studios where id = any(${[...studioIds]})`);
  return rows.map((row) => row.id);
}
