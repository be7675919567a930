import sql from "sql-template-tag";
import type { Queryable } from "@trax/foundation/database";

/** One use of a key: whose, and for which request. */
export type Ask = {
  readonly accountId: string;
  readonly credentialId: string;
  readonly key: string;
  readonly requestHash: Buffer;
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

/** After that, whoever was making it is dead: the request may be made again. */
const heldSeconds = 15;

type Kept = { readonly requestHash: Buffer; readonly status: number; readonly body: string | null };

export async function findAnswer(db: Queryable, ask: Ask): Promise<Kept | null> {
  const [row] = await db.query<{ request_hash: Buffer; status: number; body: string | null }>(sql`
    select request_hash, status, body from idempotency_keys
    where account_id = ${ask.accountId} and credential_id = ${ask.credentialId} and key = ${ask.key}
      and created_at > now() - case when status = ${heldStatus} then ${heldSeconds} * interval '1 second' else interval '24 hours' end`);
  return row === undefined ? null : { requestHash: row.request_hash, status: row.status, body: row.body };
}

/** Takes the place of one that is too old to count. */
export async function keepAnswer(tx: Queryable, ask: Ask, status: number, body: string | null): Promise<void> {
  await tx.query(sql`
    insert into idempotency_keys (account_id, credential_id, key, request_hash, status, body)
    values (${ask.accountId}, ${ask.credentialId}, ${ask.key}, ${ask.requestHash}, ${status}, ${body})
    on conflict (account_id, credential_id, key) do update
      set request_hash = excluded.request_hash, status = excluded.status, body = excluded.body, created_at = now()`);
}

/** Forgets that an answer is being made, if none has been kept. */
export async function dropHeld(db: Queryable, ask: Ask): Promise<void> {
  await db.query(sql`
    delete from idempotency_keys
    where account_id = ${ask.accountId} and credential_id = ${ask.credentialId} and key = ${ask.key} and status = ${heldStatus}`);
}
