import sql from "sql-template-tag";
import type { Queryable } from "@trax/foundation/database";
import { appendEvent } from "../../kernel/events.ts";

/**
 * The recording that an asset is of; null where it is of none, or where its
 * studio is gone and it with it. As `holdStudio` does, of its studio: before
 * the asset is held.
 */
export async function holdRecordingOf(tx: Queryable, accountId: string, assetId: string): Promise<string | null> {
  const [row] = await tx.query<{ id: string }>(sql`
    select r.id from assets a join recordings r on r.account_id = a.account_id and r.id = a.recording_id
      join studios s on s.id = r.studio_id
    where a.account_id = ${accountId} and a.id = ${assetId} for no key update of s`);
  return row?.id ?? null;
}

/**
 * A recording was deleted, with its event. Its node removes the file when it
 * sees the row, and looks until it has. The row stays, so that its broadcast
 * tells of it, and that it is put into the library no more.
 */
export async function deleteRecording(tx: Queryable, accountId: string, recordingId: string): Promise<void> {
  const [row] = await tx.query<{ studioId: string; broadcastId: string; failureReason: string | null }>(sql`
    update recordings set status = 'deleted', updated_at = now()
    where account_id = ${accountId} and id = ${recordingId} and status = 'ready'
    returning studio_id as "studioId", broadcast_id as "broadcastId", failure_reason as "failureReason"`);
  if (row === undefined) return;
  const { studioId, broadcastId, failureReason } = row;
  const data = { recordingId, broadcastId, status: "deleted", previousStatus: "ready", failureReason };
  await appendEvent(tx, { accountId, studioId, type: "recording.status_changed", data });
}
