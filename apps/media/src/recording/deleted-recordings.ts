import { rm } from "node:fs/promises";
import { join } from "node:path";
import { readDeletedRecordings, recordRemoved } from "@trax/media-protocol";
import type { RecordingKeeperOptions } from "./recording-keeper.ts";

/**
 * Removes the files of this node's recordings that were deleted. What is still
 * to be removed is in the rows: who was killed in the middle, or was away, does
 * it the next time; a file that cannot be removed keeps no other.
 */
export async function removeDeletedRecordings(
  node: Pick<RecordingKeeperOptions, "db" | "log" | "nodeId" | "dataDir">,
): Promise<void> {
  for (const { recordingId, path } of await readDeletedRecordings(node.db, node.nodeId)) {
    try {
      await rm(join(node.dataDir, path), { force: true });
    } catch (error) {
      node.log.warn({ err: error, recordingId }, "a recording that was deleted cannot be removed; it is tried again");
      continue;
    }
    await recordRemoved(node.db, recordingId);
    node.log.info({ recordingId }, "a recording that was deleted is removed");
  }
}
