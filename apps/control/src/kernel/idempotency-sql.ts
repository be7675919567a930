import sql from "sql-template-tag";
import type { Queryable } from "@trax/foundation/database";

/** One use of a key: whose, and for which request. */
export type Ask = {
  readonly accountId: string;
  readonly credentialId: string;
  readonly key: string;
  /** Of the request: an HMAC, since it may hold a password. */
  readonly requestHash: Buffer;
  /** As it was kept before that, SHA-256; for keys of then, which are forgotten within a day. */
  readonly plainHash: Buffer;
};

/** Holds the lock until the transaction ends; false when another transaction does. */
export async function tryLock(tx: Queryable, lock: bigint): Promise<boolean> {
  const [row] = await tx.query<{ locked: boolean }>(
    sql`select pg_try_advisory_xact_lock(${lock.toString()}::bigint) as locked`,
  );
  return row?.locked === true;
}

/** Stands for an answer that is still being made: HTTP's own "processing", which no operation answers with. */
export const heldStatus = 102;

/** Of what was held before each said for how long. */
const heldSeconds = 15;

type Kept = { readonly requestHash: Buffer; readonly status: number; readonly body: string | null };

export async function findAnswer(db: Queryable, ask: Ask): Promise<Kept | null> {
  const [row] = await db.query<{ request_hash: Buffer; status: number; body: string | null }>(sql`
    select request_hash, status, body from idempotency_keys
    where account_id = ${ask.accountId} and credential_id = ${ask.credentialId} and key = ${ask.key}
      and case when status = ${heldStatus} then coalesce(held_until, created_at + ${heldSeconds} * interval '1 second')
        else created_at + interval '24 hours' end > now()`);
  return row === undefined ? null : { requestHash: row.request_hash, status: row.status, body: row.body };
}

/** Takes the place of one that is too old to count. */
export async function keepAnswer(tx: Queryable, ask: Ask, status: number, body: string | null): Promise<void> {
  await keep(tx, ask, { status, body, heldMs: null });
}

/** Its answer follows within so long; after that, whoever was making it is dead, and the request may be made again. */
export async function holdAnswer(tx: Queryable, ask: Ask, heldMs: number): Promise<void> {
  await keep(tx, ask, { status: heldStatus, body: null, heldMs });
}

async function keep(
  tx: Queryable,
  ask: Ask,
  { status, body, heldMs }: { readonly status: number; readonly body: string | null; readonly heldMs: number | null },
): Promise<void> {
  await tx.query(sql`
    insert into idempotency_keys (account_id, credential_id, key, request_hash, status, body, held_until)
    values (${ask.accountId}, ${ask.credentialId}, ${ask.key}, ${ask.requestHash}, ${status}, ${body},
      now() + ${heldMs}::int * interval '1 millisecond')
    on conflict (account_id, credential_id, key) do update
      set request_hash = excluded.request_hash, status = excluded.status, body = excluded.body,
        held_until = excluded.held_until, created_at = now()`);
}

/** Forgets that an answer is being made, if none has been kept. */
export async function dropHeld(db: Queryable, ask: Ask): Promise<void> {
  await db.query(sql`
    delete from idempotency_keys
    where account_id = ${ask.accountId} and credential_id = ${ask.credentialId} and key = ${ask.key} and status = ${heldStatus}`);
}
