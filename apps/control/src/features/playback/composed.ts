import type { Queryable } from "@trax/foundation/database";
import { ApiError, notFound } from "../../kernel/errors.ts";
import { isComposed } from "./sql.ts";

/** A program that is passed through is nowhere but on its way: only one that is made here can be looked at. */
export async function requireComposed(db: Queryable, accountId: string, studioId: string): Promise<void> {
  const composed = await isComposed(db, accountId, studioId);
  if (composed === undefined) throw notFound("studio");
  if (!composed) {
    throw new ApiError(
      "conflict",
      "This studio passes a source through as it is, so that there is no picture of its own. Watch the source by WHEP, or set program.mode to composed.",
    );
  }
}
