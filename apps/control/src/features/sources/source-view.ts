import type { Source, SourceVideo } from "@trax/contract";
import type { SourceRow } from "./sql.ts";

/**
 * The video's own bitrate: what the agent measured last, or what arrives at this
 * moment less the audio. Null where the two cannot be told apart. Pure.
 */
function videoOf({ video, audio, bitrateNow }: SourceRow): SourceVideo | null {
  if (video === null || bitrateNow === null) return video;
  const audioBitrate = audio === null ? 0 : audio.bitrate;
  return audioBitrate === null ? video : { ...video, bitrate: Math.max(0, bitrateNow - audioBitrate) };
}

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
    video: videoOf(row),
    audio: row.audio,
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
  };
}
