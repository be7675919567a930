import type { AssetKind } from "@trax/contract";
import type { Queryable } from "@trax/foundation/database";
import type { ErrorDetail } from "../../kernel/errors.ts";
import { presentAssets, usableAssets } from "./sql.ts";

/** An asset that a body names, where (`body.layers.0.assetId`), and the kinds that fit there; null: any. */
export type NamedAsset = {
  readonly path: string;
  readonly assetId: string;
  readonly kinds: readonly AssetKind[] | null;
};

/**
 * What is wrong with the assets that a body names: each must be the account's,
 * not failed, and of a kind that fits. Those found stay until the transaction
 * ends. One that was named there before (`before`) and is not there any more may
 * be: whoever sends back what was read is not refused for it.
 */
export async function wrongAssets(
  tx: Queryable,
  accountId: string,
  named: readonly NamedAsset[],
  before: ReadonlySet<string>,
): Promise<ErrorDetail[]> {
  if (named.length === 0) return [];
  const known = await usableAssets(tx, accountId, [...new Set(named.map(({ assetId }) => assetId))]);
  return named.flatMap(({ path, assetId, kinds }): ErrorDetail[] => {
    const kind = known.get(assetId);
    if (kind === undefined && before.has(assetId)) return [];
    if (kind === undefined) return [{ path, message: "must be an asset of this account that has not failed" }];
    if (kinds === null || kinds.includes(kind)) return [];
    return [{ path, message: `is ${nameOf(kind)}; it takes ${kinds.map(nameOf).join(" or ")}` }];
  });
}

/** Those of these ids that are the account's assets, whatever became of them. */
export async function assetsAmong(
  db: Queryable,
  accountId: string,
  ids: readonly string[],
): Promise<ReadonlySet<string>> {
  return ids.length === 0 ? new Set() : presentAssets(db, accountId, ids);
}

function nameOf(kind: AssetKind): string {
  return kind === "video" ? "a clip" : kind === "audio" ? "audio" : "an image";
}
