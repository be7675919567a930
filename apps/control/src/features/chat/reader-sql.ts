import type { ChatError } from "@trax/contract";
import type { Queryable } from "@trax/foundation/database";
import sql from "sql-template-tag";
import { isActive } from "./platform-sql.ts";

/** What is read belongs to connections of all accounts: a node looks after any of them. */

/** A reader that does not say so for so long is taken over, s. */
const leaseSeconds = 5;

/** The connections whose chat is wanted now. One whose token cannot be renewed for a while is read on without. */
export async function wantedConnections(db: Queryable): Promise<string[]> {
  const rows = await db.query<{ id: string }>(sql`
    select distinct c.id from chat_platforms p
      join studios s on s.id = p.studio_id
      join connections c on c.id = p.connection_id and c.status <> 'needs_relink'
    where ${isActive} order by c.id`);
  return rows.map(({ id }) => id);
}

/** Those of the holder's leases that are still its own, for another while. */
export async function renewLeases(
  db: Queryable,
  holder: string,
  connectionIds: readonly string[],
): Promise<ReadonlySet<string>> {
  const rows = await db.query<{ id: string }>(sql`
    update chat_readers set lease_until = now() + make_interval(secs => ${leaseSeconds})
    where holder = ${holder} and connection_id = any(${connectionIds}) returning connection_id as id`);
  return new Set(rows.map(({ id }) => id));
}

/** Takes what nobody reads; what another node holds is skipped. */
export async function takeLeases(
  db: Queryable,
  holder: string,
  connectionIds: readonly string[],
): Promise<{ readonly connectionId: string; readonly cursor: string | null }[]> {
  return db.query<{ connectionId: string; cursor: string | null }>(sql`
    update chat_readers set holder = ${holder}, lease_until = now() + make_interval(secs => ${leaseSeconds}),
      status = 'connecting'
    where connection_id = any(${connectionIds}) and (lease_until is null or lease_until < now())
    returning connection_id as "connectionId", cursor`);
}

export async function releaseLeases(db: Queryable, holder: string, connectionIds: readonly string[]): Promise<void> {
  await db.query(sql`
    update chat_readers set holder = null, lease_until = null, status = 'connecting'
    where holder = ${holder} and connection_id = any(${connectionIds})`);
  await db.query(sql`select pg_notify('trax_chat', 'readers')`);
}

export async function writeReaderStatus(
  db: Queryable,
  holder: string,
  connectionId: string,
  now: { readonly status: "connecting" | "reading" | "waiting" | "failed"; readonly error: ChatError | null },
): Promise<void> {
  await db.query(sql`
    update chat_readers set status = ${now.status}, last_error = ${now.error === null ? null : JSON.stringify(now.error)}::jsonb
    where connection_id = ${connectionId} and holder = ${holder}`);
}
