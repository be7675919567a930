import sql from "sql-template-tag";
import type { Sql } from "sql-template-tag";
import type { RecordingStatus } from "@trax/contract";

/** Times are PostgreSQL's own. */
export type RecordingRow = {
  readonly id: string;
  readonly status: RecordingStatus;
  readonly failureReason: string | null;
  readonly durationMs: number | null;
  readonly sizeBytes: number | null;
  readonly createdAt: string;
};

/** The recordings of a broadcast `b`, in the order they were made. */
export const recordings: Sql = sql`
  coalesce((select json_agg(json_build_object(
      'id', r.id, 'status', r.status, 'failureReason', r.failure_reason, 'durationMs', r.duration_ms,
      'sizeBytes', r.size_bytes, 'createdAt', r.created_at) order by r.id)
    from recordings r where r.broadcast_id = b.id), '[]')`;
