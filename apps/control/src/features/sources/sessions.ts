import { mediaSessionScopes } from "@trax/contract";
import type {
  MediaSession,
  MediaSessionCreate,
  MediaSessionCreated,
  PublishSessionCreated,
  ResponseOf,
  Scope,
  operations,
} from "@trax/contract";
import type { Queryable } from "@trax/foundation/database";
import { mediaTokenHash, newMediaToken, notifySessions, watchWhereItFits } from "@trax/media-protocol";
import { invalidRequest, notFound } from "../../kernel/errors.ts";
import type { ApiError } from "../../kernel/errors.ts";
import { requireScope } from "../../kernel/guard.ts";
import { pageOf } from "../../kernel/pagination.ts";
import type { Cursors } from "../../kernel/pagination.ts";
import { holdStudio, requireStudio } from "../broadcast/index.ts";
import { ingestOf } from "./ingest.ts";
import type { MediaAddress } from "./media-address.ts";
import { playbackOf } from "./playback.ts";
import * as rows from "./session-sql.ts";
import type { SessionRow } from "./session-sql.ts";
import { findSource } from "./sql.ts";

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

/** How long a program runs for whoever just got leave to watch it. */
const watchedSeconds = 30;

/** Makes a session for who may have one of this role. */
export async function createSession(
  db: Queryable,
  caller: { readonly accountId: string; readonly scopes: ReadonlySet<Scope> },
  studioId: string,
  address: MediaAddress,
  given: MediaSessionCreate,
): Promise<MediaSessionCreated> {
  requireScope([mediaSessionScopes[given.role]], caller.scopes);
  const { accountId } = caller;
  if (given.role === "play") return createPlaySession(db, accountId, studioId, address, given);
  const { sourceId, expiresInSeconds } = given;
  if (sourceId === undefined) throw invalidRequest("Which source is to be published?");
  const source = await findSource(db, accountId, studioId, sourceId);
  if (source !== undefined && source.kind !== "ingest")
    throw invalidRequest("Only an ingest source is published to; this one is opened by the program.");
  return createPublishSession(db, accountId, studioId, address, { sourceId, expiresInSeconds });
}

/** Makes a publish session and its token, of which only the SHA-256 is kept. */
export async function createPublishSession(
  db: Queryable,
  accountId: string,
  studioId: string,
  address: MediaAddress,
  given: { readonly sourceId: string; readonly expiresInSeconds: number },
): Promise<PublishSessionCreated> {
  await holdStudio(db, accountId, studioId);
  const token = newMediaToken("publish");
  await rows.deleteExpiredSessions(db, accountId, studioId);
  const row = await rows.insertPublishSession(db, accountId, {
    studioId,
    ...given,
    tokenHash: mediaTokenHash(token.reveal()),
  });
  if (row === undefined) throw noSuchSource();
  return { ...sessionOf(row), token: token.reveal(), ingest: ingestOf(address, given.sourceId, token) };
}

/** Makes a play session; the program or preview that it is for begins to run meanwhile, where that fits. */
async function createPlaySession(
  db: Queryable,
  accountId: string,
  studioId: string,
  address: MediaAddress,
  given: MediaSessionCreate,
): Promise<MediaSessionCreated> {
  await holdStudio(db, accountId, studioId);
  const token = newMediaToken("play");
  const { preview, expiresInSeconds } = given;
  const sourceId = given.sourceId ?? null;
  const view = sourceId !== null ? "source" : preview ? "preview" : "program";
  await rows.deleteExpiredSessions(db, accountId, studioId);
  const row = await rows.insertPlaySession(db, accountId, {
    studioId,
    view,
    sourceId,
    tokenHash: mediaTokenHash(token.reveal()),
    expiresInSeconds,
  });
  if (row === undefined) throw noSuchSource();
  if (view !== "source") await watchWhereItFits(db, { accountId, studioId }, view, watchedSeconds);
  const playback = playbackOf(address, { view, studioId, sourceId }, token);
  return { ...sessionOf(row), token: token.reveal(), playback };
}

function noSuchSource(): ApiError {
  const details = [{ path: "body.sourceId", message: "must be a source of this studio" }];
  return invalidRequest("The body names what is not there.", details);
}

/** Ends a session; what uses it is disconnected. */
export async function revokeSession(
  db: Queryable,
  caller: { readonly accountId: string; readonly scopes: ReadonlySet<Scope> },
  studioId: string,
  sessionId: string,
): Promise<void> {
  const { accountId } = caller;
  await holdStudio(db, accountId, studioId);
  const role = await rows.roleOfSession(db, accountId, studioId, sessionId);
  if (role === undefined) throw notFound("media session");
  requireScope([mediaSessionScopes[role]], caller.scopes);
  await rows.deleteSession(db, accountId, studioId, sessionId);
  await notifySessions(db);
}
