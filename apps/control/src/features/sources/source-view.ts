import type { Source, SourceError } from "@trax/contract";
import type { Vault } from "@trax/foundation/vault";
import { videoNow } from "../broadcast/index.ts";
import { openUrls, shownUrl } from "./source-url.ts";
import type { SourceRow } from "./sql.ts";

/** A source as the contract shows it. */
export function sourceOf(row: SourceRow, vault: Vault): Source {
  const urls = row.sealedUrls === null ? null : (openUrls(vault, row.sealedUrls, row)?.map(shownUrl) ?? null);
  return {
    id: row.id,
    studioId: row.studioId,
    name: row.name,
    kind: row.kind,
    assetId: row.assetId,
    url: urls?.length === 1 ? (urls[0] ?? null) : null,
    playlist: urls !== null && urls.length > 1 ? [...urls] : null,
    loop: row.loop,
    silenceMs: row.silenceMs,
    onConflict: row.onConflict,
    status: row.status,
    protocol: row.protocol,
    video: videoNow(row.video, row.audio, row.bitrateNow),
    audio: row.audio,
    lastError: row.isAssetGone ? goneAsset(row.lastError) : row.lastError,
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
  };
}

/** The media agent looks only while a program runs; here it is seen at any time. */
function goneAsset(last: SourceError | null): SourceError {
  if (last?.code === "not_found") return last;
  return {
    code: "not_found",
    message: "Its asset is not in the media library any more.",
    at: new Date().toISOString(),
  };
}
