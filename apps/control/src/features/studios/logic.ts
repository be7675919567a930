import type { ResponseOf, Studio, StudioCreate, StudioUpdate, operations } from "@trax/contract";
import type { Queryable } from "@trax/foundation/database";
import { ApiError, notFound } from "../../kernel/errors.ts";
import { pageOf } from "../../kernel/pagination.ts";
import type { Cursors } from "../../kernel/pagination.ts";
import { holdStudio, notifyDesired, notifyStudioGone } from "../broadcast/index.ts";
import * as rows from "./sql.ts";

export async function listOfStudios(
  db: Queryable,
  accountId: string,
  cursors: Cursors,
  query: { readonly cursor?: string | undefined; readonly limit: number },
): Promise<ResponseOf<(typeof operations)["listStudios"]>> {
  const list = { list: "studios", accountId };
  const below = cursors.read(list, query.cursor);
  const found = await rows.listStudios(db, accountId, { below, limit: query.limit + 1 });
  return pageOf(
    found,
    query.limit,
    (id) => cursors.write(list, id),
    (row) => row.studio,
  );
}

export async function getStudio(db: Queryable, accountId: string, studioId: string): Promise<Studio> {
  const studio = await rows.findStudio(db, accountId, studioId);
  if (studio === undefined) throw notFound("studio");
  return studio;
}

export async function createStudio(
  db: Queryable,
  accountId: string,
  { name, ...settings }: StudioCreate,
): Promise<Studio> {
  const id = await rows.insertStudio(db, accountId, name);
  return updateStudio(db, accountId, id, settings);
}

async function requireSource(db: Queryable, accountId: string, studioId: string, sourceId: string): Promise<void> {
  if (await rows.hasSource(db, accountId, studioId, sourceId)) return;
  const details = [{ path: "body.program.sourceId", message: "must be a source of this studio" }];
  throw new ApiError("not_found", "There is no such source.", { details });
}

export async function updateStudio(
  db: Queryable,
  accountId: string,
  studioId: string,
  patch: StudioUpdate,
): Promise<Studio> {
  await holdStudio(db, accountId, studioId);
  const sourceId = patch.program?.sourceId;
  if (typeof sourceId === "string") await requireSource(db, accountId, studioId, sourceId);
  const studio = await rows.updateStudio(db, accountId, studioId, patch);
  if (studio === undefined) throw notFound("studio");
  const matters = patch.autoGoLive !== undefined || patch.graceMs !== undefined || patch.program !== undefined;
  if (matters) await notifyDesired(db, studioId);
  return studio;
}

/** Deletes a studio that is at rest; its publishers and followers are disconnected. */
export async function deleteStudio(db: Queryable, accountId: string, studioId: string): Promise<void> {
  await holdStudio(db, accountId, studioId);
  const state = await rows.readState(db, accountId, studioId);
  if (state !== "offline" || (await rows.hasOpenBroadcast(db, accountId, studioId))) throw new ApiError("studio_live");
  await rows.deleteStudio(db, accountId, studioId);
  await notifyStudioGone(db, studioId);
}
