import sql from "sql-template-tag";
import type { Sql } from "sql-template-tag";
import type { RecordingStatus } from "@trax/contract";
import type { Queryable } from "@trax/foundation/database";

/** Times are PostgreSQL's own. */
export type RecordingRow = {
  readonly id: string;
  readonly status: RecordingStatus;
  readonly failureReason: string | null;
  /** In the media library; null while it is not, and after it was deleted there. */
  readonly assetId: string | null;
  readonly durationMs: number | null;
  readonly sizeBytes: number | null;
  readonly createdAt: string;
};

const nodeIsAway = "Its media node is away. What was recorded there is finished once that node is back.";

/**
 * Why a recording `r` ended before its broadcast did. Of one that its node was
 * to go on with, or to finish, and that this node is too silent for: that. What
 * is in the file nobody else can tell, so its status stays what it was.
 */
const shownReason = sql`case when r.status = 'recording' and not exists
    (select from media_nodes n where n.id = r.node_id and n.heartbeat_at > now() - interval '15 seconds')
  then ${nodeIsAway}::text else r.failure_reason end`;

/** The recordings of a broadcast `b`, in the order they were made. */
export const recordings: Sql = sql`
  coalesce((select json_agg(json_build_object(
      'id', r.id, 'status', r.status, 'failureReason', ${shownReason}, 'assetId', a.id,
      'durationMs', r.duration_ms, 'sizeBytes', r.size_bytes, 'createdAt', r.created_at) order by r.id)
    from recordings r left join assets a on a.account_id = r.account_id and a.id = r.asset_id where r.broadcast_id = b.id), '[]')`;

export type RecordingKey = { readonly studioId: string; readonly broadcastId: string; readonly recordingId: string };

/** Where a recording's file is, below the data directory of its node. */
export type RecordingPlace = { readonly status: RecordingStatus; readonly path: string; readonly createdAt: Date };

export async function findRecording(
  db: Queryable,
  accountId: string,
  { studioId, broadcastId, recordingId }: RecordingKey,
): Promise<RecordingPlace | null> {
  const [row] = await db.query<RecordingPlace>(sql`
    select status, path, created_at as "createdAt" from recordings
    where account_id = ${accountId} and studio_id = ${studioId} and broadcast_id = ${broadcastId}
      and id = ${recordingId}`);
  return row ?? null;
}
