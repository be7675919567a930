import sql from "sql-template-tag";
import type { Queryable } from "@trax/foundation/database";

export type SourceState = {
  readonly kind: "ingest" | "media" | "pull";
  readonly status: "offline" | "online" | "error";
};

/** How a source of the account's studio is doing; undefined when there is none. */
export async function sourceState(
  db: Queryable,
  accountId: string,
  studioId: string,
  sourceId: string,
): Promise<SourceState | undefined> {
  const [row] = await db.query<SourceState>(sql`
    select kind, status from sources where account_id = ${accountId} and studio_id = ${studioId} and id = ${sourceId}`);
  return row;
}

/** Whether the account's source is published, be it what cannot be shown, and keeps whoever publishes it. */
export async function isTaken(db: Queryable, accountId: string, sourceId: string): Promise<boolean> {
  const rows = await db.query(sql`
    select from sources
    where account_id = ${accountId} and id = ${sourceId} and status <> 'offline' and on_conflict = 'refuse'`);
  return rows.length > 0;
}

/** Whether the studio's program is one that TRaX makes; undefined when the account has no such studio. */
export async function isComposed(db: Queryable, accountId: string, studioId: string): Promise<boolean | undefined> {
  const [row] = await db.query<{ composed: boolean }>(sql`
    select program_mode = 'composed' as composed from studios where account_id = ${accountId} and id = ${studioId}`);
  return row?.composed;
}

/** Keeps the entity tag of the ICE session that a WHIP or WHEP session has from now on. Who has the secret has the session. */
export async function keepIceSession(db: Queryable, secretHash: Buffer, etag: string): Promise<void> {
  await db.query(sql`
    insert into ice_sessions (secret_hash, etag) values (${secretHash}, ${etag})
    on conflict (secret_hash) do update set etag = excluded.etag, begun_at = now()`);
}

/** The entity tag kept last; null where none is. */
export async function iceSession(db: Queryable, secretHash: Buffer): Promise<string | null> {
  const [row] = await db.query<{ etag: string }>(sql`select etag from ice_sessions where secret_hash = ${secretHash}`);
  return row?.etag ?? null;
}

export async function forgetIceSession(db: Queryable, secretHash: Buffer): Promise<void> {
  await db.query(sql`delete from ice_sessions where secret_hash = ${secretHash}`);
}
