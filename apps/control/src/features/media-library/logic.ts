import { assetKindOf, assetSizeLimits } from "@trax/contract";
import type { Asset, AssetCreate, AssetKind, AssetUpdate, ResponseOf, operations } from "@trax/contract";
import type { Queryable } from "@trax/foundation/database";
import { newId } from "@trax/foundation/ids";
import { ApiError, invalidRequest, notFound } from "../../kernel/errors.ts";
import { fixedPage } from "../../kernel/fixed-answer.ts";
import { pageOf } from "../../kernel/pagination.ts";
import type { Cursors } from "../../kernel/pagination.ts";
import { deleteRecording, holdRecordingOf, notifyDesired } from "../broadcast/index.ts";
import type { ShowAsset } from "./shown-assets.ts";
import * as rows from "./sql.ts";
import type { AssetRow, Use } from "./sql.ts";

export async function listOfAssets(
  db: Queryable,
  accountId: string,
  show: ShowAsset,
  cursors: Cursors,
  query: {
    readonly cursor?: string | undefined;
    readonly limit: number;
    readonly kind?: AssetKind | undefined;
  },
): Promise<ResponseOf<(typeof operations)["listMedia"]>> {
  const kind = query.kind ?? null;
  const list = { list: kind === null ? "media" : `media ${kind}`, accountId };
  const below = cursors.read(list, query.cursor);
  const found = await rows.listAssets(db, accountId, { below, limit: query.limit + 1, kind });
  const { data, nextCursor } = pageOf(found, query.limit, (id) => cursors.write(list, id), show);
  return fixedPage(await Promise.all(data), nextCursor);
}

export async function requireAsset(db: Queryable, accountId: string, assetId: string): Promise<AssetRow> {
  const row = await rows.findAsset(db, accountId, assetId);
  if (row === undefined) throw notFound("asset");
  return row;
}

/** What no asset of its kind may have: refused before anything is asked of the storage. */
export function checkSize({ contentType, sizeBytes }: AssetCreate): void {
  const kind = assetKindOf(contentType);
  const most = assetSizeLimits[kind];
  if (sizeBytes <= most) return;
  const message = `is more than the ${most} bytes that ${kind === "image" ? "an image" : kind} may have`;
  throw invalidRequest("The file is too large.", [{ path: "body.sizeBytes", message }]);
}

/** Makes an asset that awaits its bytes, where the account's quota has room for them. */
export async function createAsset(
  tx: Queryable,
  accountId: string,
  limits: { readonly quotaBytes: number; readonly uploadSeconds: number },
  { name, contentType, sizeBytes, sha256 }: AssetCreate,
): Promise<AssetRow> {
  const { used, quota } = await rows.holdUsage(tx, accountId, limits.quotaBytes);
  if (used + sizeBytes > quota)
    throw new ApiError("quota_exceeded", `The media library has ${used} of the ${quota} bytes it may have.`);
  const id = newId("asset");
  const row = await rows.insertAsset(tx, accountId, {
    id,
    name,
    kind: assetKindOf(contentType),
    contentType,
    sizeBytes,
    sha256: sha256 ?? null,
    objectKey: `assets/${id}/original`,
    uploadSeconds: limits.uploadSeconds,
  });
  if (row === undefined) throw new Error("an asset that was inserted is not there");
  return row;
}

export async function renameAsset(
  tx: Queryable,
  accountId: string,
  assetId: string,
  show: ShowAsset,
  { name }: AssetUpdate,
): Promise<Asset> {
  const row = await rows.renameAsset(tx, accountId, assetId, name);
  if (row === undefined) throw notFound("asset");
  return show(row);
}

const words: Readonly<Record<Use["by"], string>> = {
  scene: "A scene shows it",
  overlays: "An overlay of the studio shows it",
  slate: "The studio's slate shows it",
  source: "A source plays it",
};

function placeOf({ by, id, studioId }: Use): string {
  if (by === "scene") return `studios/${studioId}/scenes/${id}`;
  return by === "source" ? `studios/${studioId}/sources/${id}` : `studios/${studioId}`;
}

/**
 * Deletes an asset, and with it the recording that it is of; what is stored of
 * both is removed afterwards. What shows it is told, where that is no reason to
 * refuse.
 */
export async function deleteAsset(
  tx: Queryable,
  accountId: string,
  assetId: string,
  { force }: { readonly force: boolean },
): Promise<void> {
  const recordingId = await holdRecordingOf(tx, accountId, assetId);
  if ((await rows.holdAsset(tx, accountId, assetId)) === undefined) throw notFound("asset");
  const uses = await rows.usesOf(tx, accountId, assetId);
  if (uses.length > 0 && !force) {
    const details = uses.map((use) => ({ path: placeOf(use), message: `${words[use.by]}: ${use.id}, "${use.name}".` }));
    throw new ApiError("asset_in_use", undefined, { details });
  }
  await rows.forgetAsset(tx, accountId, assetId);
  for (const studioId of new Set(uses.map((use) => use.studioId))) await notifyDesired(tx, studioId);
  if (recordingId !== null) await deleteRecording(tx, accountId, recordingId);
}
