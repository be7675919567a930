import type { MediaSession, MediaSessionCreated, ResponseOf, operations } from "@trax/contract";
import type { Queryable } from "@trax/foundation/database";
import { mediaTokenHash, newMediaToken, notifySessions } from "@trax/media-protocol";
import { notFound } from "../../kernel/errors.ts";
import { pageOf } from "../../kernel/pagination.ts";
import type { Cursors } from "../../kernel/pagination.ts";
import { holdStudio, requireStudio } from "../broadcast/index.ts";
import { ingestOf } from "./ingest.ts";
import type { IngestAddress } from "./ingest.ts";
import * as rows from "./session-sql.ts";
import type { SessionRow } from "./session-sql.ts";

function sessionOf(row: SessionRow): MediaSession {
  return { ...row, expiresAt: row.expiresAt.toISOString(), createdAt: row.createdAt.toISOString() };
}

export async function listOfSessions(
  db: Queryable,
  accountId: string,
  studioId: string,
  cursors: Cursors,
  query: { readonly cursor?: string | undefined; readonly limit: number },
): Promise<ResponseOf<(typeof operations)["listMediaSessions"]>> {
  const list = { list: "media-sessions", accountId, parentId: studioId };
  const below = cursors.read(list, query.cursor);
  const found = await rows.listSessions(db, accountId, studioId, { below, limit: query.limit + 1 });
  if (found.length === 0) await requireStudio(db, accountId, studioId);
  return pageOf(found, query.limit, (id) => cursors.write(list, id), sessionOf);
}

/** Makes a publish session and its token, of which only the SHA-256 is kept. */
export async function createPublishSession(
  db: Queryable,
  accountId: string,
  studioId: string,
  address: IngestAddress,
  given: { readonly sourceId: string; readonly expiresInSeconds: number },
): Promise<MediaSessionCreated> {
  await holdStudio(db, accountId, studioId);
  const token = newMediaToken("publish");
  await rows.deleteExpiredSessions(db, accountId, studioId);
  const row = await rows.insertPublishSession(db, accountId, {
    studioId,
    ...given,
    tokenHash: mediaTokenHash(token.reveal()),
  });
  if (row === undefined) throw notFound("source");
  return { ...sessionOf(row), token: token.reveal(), ingest: ingestOf(address, given.sourceId, token) };
}

/** Ends a session; what uses it is disconnected. */
export async function revokeSession(
  db: Queryable,
  accountId: string,
  studioId: string,
  sessionId: string,
): Promise<void> {
  await holdStudio(db, accountId, studioId);
  if (!(await rows.deleteSession(db, accountId, studioId, sessionId))) throw notFound("media session");
  await notifySessions(db);
}
