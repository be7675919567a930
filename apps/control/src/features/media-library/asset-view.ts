import type { Asset } from "@trax/contract";
import { typeOfMade } from "./file-type.ts";
import type { AssetRow } from "./sql.ts";
import type { LibraryStorage } from "./storage.ts";

/** An asset as the contract shows it, its files by URLs that are signed as of `since`. */
export async function assetOf(row: AssetRow, { share }: Pick<LibraryStorage, "share">, since: Date): Promise<Asset> {
  const made = (key: string | null): string | Promise<string> | null =>
    key === null ? null : share({ key, contentType: typeOfMade(key), name: null }, since);
  // What the bytes were found not to be, they are not called; those of a recording come to the library while it is processed.
  const isWhole = row.status === "ready" || (row.status === "processing" && row.origin === "upload");
  const original = { key: row.objectKey, contentType: row.contentType, name: row.name };
  const [thumbnailUrl, downloadUrl, renditionUrl, waveformUrl] = await Promise.all([
    made(row.thumbnailKey),
    isWhole ? share(original, since) : null,
    made(row.renditionKey),
    made(row.waveformKey),
  ]);
  return {
    id: row.id,
    name: row.name,
    kind: row.kind,
    origin: row.origin,
    broadcastId: row.broadcastId,
    contentType: row.contentType,
    sizeBytes: row.sizeBytes,
    sha256: row.sha256,
    status: row.status,
    progress: row.progress,
    failureReason: row.failureReason,
    durationMs: row.durationMs,
    width: row.width,
    height: row.height,
    thumbnailUrl,
    downloadUrl,
    renditionUrl,
    waveformUrl,
    createdAt: row.createdAt.toISOString(),
    updatedAt: row.updatedAt.toISOString(),
  };
}
