import type { Source } from "@trax/contract";
import { videoNow } from "../broadcast/index.ts";
import type { SourceRow } from "./sql.ts";

/** A source as the contract shows it. */
export function sourceOf(row: SourceRow): Source {
  return {
    id: row.id,
    studioId: row.studioId,
    name: row.name,
    kind: row.kind,
    assetId: null,
    url: null,
    onConflict: row.onConflict,
    status: row.status,
    protocol: row.protocol,
    video: videoNow(row.video, row.audio, row.bitrateNow),
    audio: row.audio,
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
  };
}
