import type { Queryable } from "@trax/foundation/database";
import { invalidRequest } from "../../kernel/errors.ts";
import type { ErrorDetail } from "../../kernel/errors.ts";
import { sourcesAmong } from "../sources/index.ts";

/** A source or an asset that a body names, and where. */
export type Named = { readonly path: string; readonly sourceId?: string | null; readonly assetId?: string | null };

const mostDetails = 20;

/** Refuses sources that are not the studio's, and every asset: there is no media library yet to hold one. */
export async function requireNamed(
  db: Queryable,
  accountId: string,
  studioId: string,
  named: readonly Named[],
): Promise<void> {
  const ids = named.flatMap(({ sourceId }) => (typeof sourceId === "string" ? [sourceId] : []));
  const known = ids.length === 0 ? new Set<string>() : await sourcesAmong(db, accountId, studioId, ids);
  const details = named.flatMap(({ path, sourceId, assetId }): ErrorDetail[] => [
    ...(typeof sourceId === "string" && !known.has(sourceId)
      ? [{ path: `body.${path}.sourceId`, message: "must be a source of this studio" }]
      : []),
    ...(typeof assetId === "string"
      ? [{ path: `body.${path}.assetId`, message: "is no asset of this account; a picture can be given as a url" }]
      : []),
  ]);
  if (details.length > 0) throw invalidRequest("The body names what is not there.", details.slice(0, mostDetails));
}
