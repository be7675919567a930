import type { AssetKind } from "@trax/contract";
import type { Queryable } from "@trax/foundation/database";
import { invalidRequest } from "../../kernel/errors.ts";
import type { ErrorDetail } from "../../kernel/errors.ts";
import { wrongAssets } from "../media-library/index.ts";
import { sourcesAmong } from "../sources/index.ts";

/** A source or an asset that a body names, and where. */
export type Named = {
  readonly path: string;
  readonly sourceId?: string | null;
  readonly assetId?: string | null;
  /** Of asset that fit there; any where it is left out. */
  readonly assetKinds?: readonly AssetKind[];
};

const mostDetails = 20;

/** Refuses sources that are not the studio's, and assets that are not the account's, have failed, or do not fit. */
export async function requireNamed(
  db: Queryable,
  accountId: string,
  studioId: string,
  named: readonly Named[],
): Promise<void> {
  const ids = named.flatMap(({ sourceId }) => (typeof sourceId === "string" ? [sourceId] : []));
  const known = ids.length === 0 ? new Set<string>() : await sourcesAmong(db, accountId, studioId, ids);
  const wrongSources = named.flatMap(({ path, sourceId }): ErrorDetail[] =>
    typeof sourceId === "string" && !known.has(sourceId)
      ? [{ path: `body.${path}.sourceId`, message: "must be a source of this studio" }]
      : [],
  );
  const assets = named.flatMap(({ path, assetId, assetKinds = null }) =>
    typeof assetId === "string" ? [{ path: `body.${path}.assetId`, assetId, kinds: assetKinds }] : [],
  );
  const details = [...wrongSources, ...(await wrongAssets(db, accountId, assets))];
  if (details.length > 0) throw invalidRequest("The body names what is not there.", details.slice(0, mostDetails));
}
