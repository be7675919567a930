import type { Asset, AssetCreated } from "@trax/contract";
import type { Database, Queryable } from "@trax/foundation/database";
import { StorageAway } from "@trax/foundation/object-store/storage-away";
import { ApiError, notFound } from "../../kernel/errors.ts";
import { LaterAnswer } from "../../kernel/later-answer.ts";
import { requireAsset } from "./logic.ts";
import type { ShowAsset } from "./shown-assets.ts";
import * as rows from "./sql.ts";
import type { AssetRow } from "./sql.ts";
import type { LibraryStorage, Uploaded } from "./storage.ts";

/** What uploads need, besides a transaction that has committed before the storage is asked. */
export type UploadParts = {
  readonly database: Database;
  readonly storage: LibraryStorage;
  readonly show: ShowAsset;
};

/** For storage that is silent, ms; it is asked twice at the most. */
const patienceMs = 12_000;
const longestMs = 30_000;

export function uploadOf(row: AssetRow): Uploaded {
  return { ...row, expiresAt: row.uploadExpiresAt ?? row.createdAt };
}

/** The upload of an asset that was just made. Where the storage cannot begin it, the asset is gone again. */
export function beginUpload({ database, show, storage }: UploadParts, row: AssetRow): LaterAnswer<AssetCreated> {
  return new LaterAnswer(async () => {
    try {
      const uploadId = await inTime(storage.begin(uploadOf(row)));
      if (uploadId !== null) await rows.nameUpload(database, row.accountId, row.id, uploadId);
      return await offered({ show, storage }, { ...row, uploadId });
    } catch (error) {
      await rows.forgetAsset(database, row.accountId, row.id);
      throw error;
    }
  }, longestMs);
}

/** The upload once more, with its whole time. */
export async function resumeUpload(
  tx: Queryable,
  accountId: string,
  assetId: string,
  { database, show, storage }: UploadParts,
  uploadSeconds: number,
): Promise<LaterAnswer<AssetCreated>> {
  await requireAsset(tx, accountId, assetId);
  const row = await rows.prolongUpload(tx, accountId, assetId, uploadSeconds);
  if (row === undefined) throw new ApiError("upload_finished");
  return new LaterAnswer(async () => {
    if (row.uploadId !== null) return offered({ show, storage }, row);
    // One in parts that was not begun, since its node was killed.
    const uploadId = await inTime(storage.begin(uploadOf(row)));
    if (uploadId !== null) await rows.nameUpload(database, accountId, assetId, uploadId);
    return offered({ show, storage }, { ...row, uploadId });
  }, longestMs);
}

async function offered({ show, storage }: Pick<UploadParts, "show" | "storage">, row: AssetRow): Promise<AssetCreated> {
  const upload = await inTime(storage.offer(uploadOf(row)));
  return { ...(await show(row)), upload };
}

/** Looks whether the bytes are there, and has them looked at. */
export async function completeUpload(
  tx: Queryable,
  accountId: string,
  assetId: string,
  { database, show, storage }: UploadParts,
): Promise<Asset | LaterAnswer<Asset>> {
  const row = await requireAsset(tx, accountId, assetId);
  if (row.status !== "awaiting_upload") return show(row);
  return new LaterAnswer(async () => {
    if (!(await inTime(storage.settle(uploadOf(row))))) throw new ApiError("upload_incomplete");
    return show(await settled(database, row));
  });
}

/** Has an asset processed whose bytes are all there; what came for one that was deleted meanwhile is removed. */
export async function settled(database: Database, row: AssetRow): Promise<AssetRow> {
  const begun = await rows.beginProcessing(database, row.accountId, row.id);
  if (begun !== undefined) return begun;
  const found = await rows.findAsset(database, row.accountId, row.id);
  if (found !== undefined) return found;
  await rows.oweRemoval(database, row.id);
  throw notFound("asset");
}

async function inTime<Answer>(work: Promise<Answer>): Promise<Answer> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new StorageAway("the storage is silent")), patienceMs);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
    // Where it lost the race, nobody else hears of it.
    work.catch(() => undefined);
  }
}
