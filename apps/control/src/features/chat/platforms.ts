import type { ChatPlatforms } from "@trax/contract";
import type { Queryable } from "@trax/foundation/database";
import { invalidRequest } from "../../kernel/errors.ts";
import { holdStudio, requireStudio } from "../broadcast/index.ts";
import { connectionsAmong, listEnabled, replaceEnabled } from "./platform-sql.ts";

export async function getPlatforms(db: Queryable, accountId: string, studioId: string): Promise<ChatPlatforms> {
  const platforms = await listEnabled(db, accountId, studioId);
  if (platforms.length === 0) await requireStudio(db, accountId, studioId);
  return { connectionIds: platforms.map(({ connectionId }) => connectionId), platforms };
}

export async function setPlatforms(
  db: Queryable,
  accountId: string,
  studioId: string,
  given: { readonly connectionIds: readonly string[] },
): Promise<ChatPlatforms> {
  await holdStudio(db, accountId, studioId);
  const wanted = [...new Set(given.connectionIds)].toSorted();
  const known = await connectionsAmong(db, accountId, wanted);
  const details = given.connectionIds.flatMap((id, index) =>
    known.has(id) ? [] : [{ path: `body.connectionIds.${index}`, message: "must be a connection of this account" }],
  );
  if (details.length > 0) throw invalidRequest("The body names what is not there.", details);
  await replaceEnabled(db, accountId, studioId, wanted);
  return getPlatforms(db, accountId, studioId);
}
