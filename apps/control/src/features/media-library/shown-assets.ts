import type { Asset } from "@trax/contract";
import { LRUCache } from "lru-cache";
import { fixed } from "../../kernel/fixed-answer.ts";
import { assetOf } from "./asset-view.ts";
import type { AssetRow } from "./sql.ts";
import { sharedSince } from "./storage.ts";
import type { LibraryStorage } from "./storage.ts";

/**
 * A page of a hundred assets has hundreds of URLs, and each takes a signature:
 * what was shown lately is kept, with its JSON, some 5 KB each.
 */
const most = 5_000;

export type ShowAsset = (row: AssetRow) => Asset | Promise<Asset>;

/** Shows assets as `assetOf` does, each `fixed`: again as long as neither its row nor the step of time has changed. */
export function shownAssets(storage: Pick<LibraryStorage, "share">, now: () => number = Date.now): ShowAsset {
  const kept = new LRUCache<string, { readonly row: AssetRow; readonly since: number; readonly asset: Asset }>({
    max: most,
  });
  return (row) => {
    const since = sharedSince(now());
    const known = kept.get(row.id);
    if (known !== undefined && known.since === since.getTime() && isSame(known.row, row)) return known.asset;
    return assetOf(row, storage, since).then((made) => {
      const asset = fixed(made);
      kept.set(row.id, { row, since: since.getTime(), asset });
      return asset;
    });
  };
}

/** Every column that is shown, so that who writes one need not know of this; by name, since that is several times faster than by a walk through both. */
function isSame(one: AssetRow, other: AssetRow): boolean {
  return (
    one.id === other.id &&
    one.accountId === other.accountId &&
    one.name === other.name &&
    one.kind === other.kind &&
    one.origin === other.origin &&
    one.broadcastId === other.broadcastId &&
    one.contentType === other.contentType &&
    one.sizeBytes === other.sizeBytes &&
    one.sha256 === other.sha256 &&
    one.status === other.status &&
    one.progress === other.progress &&
    one.failureReason === other.failureReason &&
    one.durationMs === other.durationMs &&
    one.width === other.width &&
    one.height === other.height &&
    one.objectKey === other.objectKey &&
    one.renditionKey === other.renditionKey &&
    one.thumbnailKey === other.thumbnailKey &&
    one.waveformKey === other.waveformKey &&
    one.createdAt.getTime() === other.createdAt.getTime() &&
    one.updatedAt.getTime() === other.updatedAt.getTime()
  );
}
