import type { Queryable } from "@trax/foundation/database";
import { appendEvent } from "../../kernel/events.ts";
import type { ProgramRow } from "./program-sql.ts";

/** Tells of the program as it is now. Last in the transaction. */
export async function appendProgramChanged(
  tx: Queryable,
  accountId: string,
  studioId: string,
  { sceneId, previewSceneId, onSlate, overlays }: ProgramRow,
): Promise<void> {
  const visible = overlays.filter((overlay) => overlay.visible).map((overlay) => overlay.id);
  const data = { sceneId, previewSceneId, onSlate, overlays: visible };
  await appendEvent(tx, { accountId, studioId, type: "program.changed", data });
}
