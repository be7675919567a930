import sql from "sql-template-tag";
import type { Queryable } from "@trax/foundation/database";
import { newId } from "@trax/foundation/ids";
import type { SessionView } from "@trax/media-protocol";

export type SessionRow = {
  readonly id: string;
  readonly studioId: string;
  readonly role: "publish" | "play";
  readonly sourceId: string | null;
  readonly preview: boolean;
  readonly expiresAt: Date;
  readonly createdAt: Date;
};

const columns = sql`id, studio_id as "studioId", role, source_id as "sourceId",
  coalesce(view = 'preview', false) as preview, expires_at as "expiresAt", created_at as "createdAt"`;

/** The studio's unexpired sessions below an id, newest first. */
export async function listSessions(
  db: Queryable,
  accountId: string,
  studioId: string,
  page: { readonly below: string | null; readonly limit: number },
): Promise<SessionRow[]> {
  const below = page.below === null ? sql`` : sql`and id < ${page.below}`;
  return db.query<SessionRow>(sql`
    select ${columns} from media_sessions
    where account_id = ${accountId} and studio_id = ${studioId} and expires_at > now() ${below}
    order by id desc limit ${page.limit}`);
}

/** Makes a publish session of a source; undefined when the studio has no such source. */
export async function insertPublishSession(
  db: Queryable,
  accountId: string,
  session: {
    readonly studioId: string;
    readonly sourceId: string;
    readonly tokenHash: Buffer;
    readonly expiresInSeconds: number;
  },
): Promise<SessionRow | undefined> {
  const [row] = await db.query<SessionRow>(sql`
    insert into media_sessions (id, account_id, studio_id, source_id, role, token_hash, expires_at)
    select ${newId("mediaSession")}, account_id, studio_id, id, 'publish', ${session.tokenHash},
      now() + ${session.expiresInSeconds} * interval '1 second'
    from sources where account_id = ${accountId} and studio_id = ${session.studioId} and id = ${session.sourceId}
    returning ${columns}`);
  return row;
}

/** Makes a play session of what is there; undefined when the studio has no such source. */
export async function insertPlaySession(
  db: Queryable,
  accountId: string,
  session: {
    readonly studioId: string;
    readonly view: SessionView;
    readonly sourceId: string | null;
    readonly tokenHash: Buffer;
    readonly expiresInSeconds: number;
  },
): Promise<SessionRow | undefined> {
  const { studioId, sourceId } = session;
  const [row] = await db.query<SessionRow>(sql`
    insert into media_sessions (id, account_id, studio_id, source_id, role, view, token_hash, expires_at)
    select ${newId("mediaSession")}, account_id, id, ${sourceId}, 'play', ${session.view}, ${session.tokenHash},
      now() + ${session.expiresInSeconds} * interval '1 second'
    from studios where account_id = ${accountId} and id = ${studioId}
      and (${sourceId}::text is null or exists (select from sources where studio_id = ${studioId} and id = ${sourceId}))
    returning ${columns}`);
  return row;
}

/** Forgets the studio's sessions that expired over a day ago. */
export async function deleteExpiredSessions(db: Queryable, accountId: string, studioId: string): Promise<void> {
  await db.query(sql`
    delete from media_sessions
    where account_id = ${accountId} and studio_id = ${studioId} and expires_at < now() - interval '1 day'`);
}

/** The role of an unexpired session; undefined when there is none. */
export async function roleOfSession(
  db: Queryable,
  accountId: string,
  studioId: string,
  sessionId: string,
): Promise<SessionRow["role"] | undefined> {
  const [row] = await db.query<Pick<SessionRow, "role">>(sql`
    select role from media_sessions
    where account_id = ${accountId} and studio_id = ${studioId} and id = ${sessionId} and expires_at > now()`);
  return row?.role;
}

export async function deleteSession(
  db: Queryable,
  accountId: string,
  studioId: string,
  sessionId: string,
): Promise<void> {
  await db.query(sql`
    delete from media_sessions where account_id = ${accountId} and studio_id = ${studioId} and id = ${sessionId}`);
}
