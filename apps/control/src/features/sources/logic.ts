import type { ResponseOf, Source, SourceCreate, SourceCreated, SourceUpdate, operations } from "@trax/contract";
import type { Queryable } from "@trax/foundation/database";
import { notifyDesired, notifySessions } from "@trax/media-protocol";
import { notFound } from "../../kernel/errors.ts";
import { pageOf } from "../../kernel/pagination.ts";
import type { Cursors } from "../../kernel/pagination.ts";
import { holdStudio, requireStudio } from "../broadcast/index.ts";
import type { MediaAddress } from "./media-address.ts";
import { createPublishSession } from "./sessions.ts";
import { sourceOf } from "./source-view.ts";
import * as rows from "./sql.ts";

/** A source's first session lasts as long as one may: an encoder is set up once. */
const firstSessionSeconds = 365 * 86_400;

export async function listOfSources(
  db: Queryable,
  accountId: string,
  studioId: string,
  cursors: Cursors,
  query: { readonly cursor?: string | undefined; readonly limit: number },
): Promise<ResponseOf<(typeof operations)["listSources"]>> {
  const list = { list: "sources", accountId, parentId: studioId };
  const below = cursors.read(list, query.cursor);
  const found = await rows.listSources(db, accountId, studioId, { below, limit: query.limit + 1 });
  if (found.length === 0) await requireStudio(db, accountId, studioId);
  return pageOf(found, query.limit, (id) => cursors.write(list, id), sourceOf);
}

export async function getSource(db: Queryable, accountId: string, studioId: string, sourceId: string): Promise<Source> {
  const row = await rows.findSource(db, accountId, studioId, sourceId);
  if (row === undefined) throw notFound("source");
  return sourceOf(row);
}

/** Makes a source and its first publish session, the only time that its token is shown. */
export async function createSource(
  db: Queryable,
  accountId: string,
  studioId: string,
  address: MediaAddress,
  given: SourceCreate,
): Promise<SourceCreated> {
  await holdStudio(db, accountId, studioId);
  const row = await rows.insertSource(db, accountId, studioId, given);
  if (row === undefined) throw new Error("a source that was inserted is not there");
  const session = await createPublishSession(db, accountId, studioId, address, {
    sourceId: row.id,
    expiresInSeconds: firstSessionSeconds,
  });
  return { ...sourceOf(row), session };
}

export async function updateSource(
  db: Queryable,
  accountId: string,
  studioId: string,
  sourceId: string,
  patch: SourceUpdate,
): Promise<Source> {
  await holdStudio(db, accountId, studioId);
  const row = await rows.updateSource(db, accountId, studioId, sourceId, patch);
  if (row === undefined) throw notFound("source");
  return sourceOf(row);
}

/** Deletes a source; its sessions end with it, and whoever publishes is disconnected. */
export async function deleteSource(
  db: Queryable,
  accountId: string,
  studioId: string,
  sourceId: string,
): Promise<void> {
  await holdStudio(db, accountId, studioId);
  if (!(await rows.deleteSource(db, accountId, studioId, sourceId))) throw notFound("source");
  await notifySessions(db);
  await notifyDesired(db, studioId);
}
