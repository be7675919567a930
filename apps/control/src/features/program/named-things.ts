import type { AssetKind } from "@trax/contract";
import type { Queryable } from "@trax/foundation/database";
import { invalidRequest } from "../../kernel/errors.ts";
import type { ErrorDetail } from "../../kernel/errors.ts";
import { assetsAmong, wrongAssets } from "../media-library/index.ts";
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

const idsOf = (named: readonly Named[], kind: "sourceId" | "assetId"): string[] =>
  named.flatMap((one) => one[kind] ?? []);

/** Of what is named, that which is not there any more. */
export async function missingOf(
  db: Queryable,
  accountId: string,
  studioId: string,
  named: readonly Named[],
): Promise<ReadonlySet<string>> {
  const [sources, assets] = [idsOf(named, "sourceId"), idsOf(named, "assetId")];
  const known = sources.length === 0 ? new Set() : await sourcesAmong(db, accountId, studioId, sources);
  const present = await assetsAmong(db, accountId, assets);
  return new Set([...sources.filter((id) => !known.has(id)), ...assets.filter((id) => !present.has(id))]);
}

/**
 * Refuses sources that are not the studio's, and assets that are not the
 * account's, have failed, or do not fit; but for those that are not there any
 * more and were named before.
 */
export async function requireNamed(
  db: Queryable,
  accountId: string,
  studioId: string,
  named: readonly Named[],
  before: readonly Named[] = [],
): Promise<void> {
  const ids = idsOf(named, "sourceId");
  const sourcesBefore = new Set(idsOf(before, "sourceId"));
  const known = ids.length === 0 ? new Set<string>() : await sourcesAmong(db, accountId, studioId, ids);
  const wrongSources = named.flatMap(({ path, sourceId }): ErrorDetail[] =>
    typeof sourceId === "string" && !known.has(sourceId) && !sourcesBefore.has(sourceId)
      ? [{ path: `body.${path}.sourceId`, message: "must be a source of this studio" }]
      : [],
  );
  const assets = named.flatMap(({ path, assetId, assetKinds = null }) =>
    typeof assetId === "string" ? [{ path: `body.${path}.assetId`, assetId, kinds: assetKinds }] : [],
  );
  const details = [...wrongSources, ...(await wrongAssets(db, accountId, assets, new Set(idsOf(before, "assetId"))))];
  if (details.length > 0) throw invalidRequest("The body names what is not there.", details.slice(0, mostDetails));
}
