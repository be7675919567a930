import type { Recording } from "@trax/contract";
import type { RecordingRow } from "./recording-sql.ts";

/** A recording as the contract shows it. It is no asset of the media library, and stays on the disk of its node. */
export function recordingOf({ createdAt, ...row }: RecordingRow): Recording {
  return { ...row, assetId: null, downloadUrl: null, createdAt: new Date(createdAt).toISOString() };
}
