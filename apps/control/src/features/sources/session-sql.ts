import sql from "sql-template-tag";
import type { Queryable } from "@trax/foundation/database";
import { newId } from "@trax/foundation/ids";

export type SessionRow = {
  readonly id: string;
  readonly studioId: string;
  readonly role: "publish" | "play";
  readonly sourceId: string | null;
  readonly expiresAt: Date;
  readonly createdAt: Date;
};

const columns = sql`id, studio_id as "studioId", role, source_id as "sourceId", expires_at as "expiresAt", created_at as "createdAt"`;

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

/** Forgets the studio's sessions that expired over a day ago. */
export async function deleteExpiredSessions(db: Queryable, accountId: string, studioId: string): Promise<void> {
  await db.query(sql`
    delete from media_sessions
    where account_id = ${accountId} and studio_id = ${studioId} and expires_at < now() - interval '1 day'`);
}

/** Answers whether there was such a session. */
export async function deleteSession(
  db: Queryable,
  accountId: string,
  studioId: string,
  sessionId: string,
): Promise<boolean> {
  const gone = await db.query(sql`
    delete from media_sessions
    where account_id = ${accountId} and studio_id = ${studioId} and id = ${sessionId} and expires_at > now() returning id`);
  return gone.length > 0;
}
