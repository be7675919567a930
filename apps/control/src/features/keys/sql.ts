import sql, { raw } from "sql-template-tag";
import type { Scope } from "@trax/contract";
import type { RateLimit } from "@trax/foundation/config";
import type { Queryable } from "@trax/foundation/database";

export type KeyRow = {
  id: string;
  user_id: string;
  name: string;
  prefix: string;
  last_four: string;
  scopes: Scope[];
  allowed_networks: string[];
  rate_limit_requests: number | null;
  rate_limit_seconds: number | null;
  expires_at: Date | null;
  last_used_at: Date | null;
  revoked_at: Date | null;
  created_at: Date;
};

/** A user's own keys, or null for all of the account's. */
export type Whose = string | null;

const columns = raw(
  `id, user_id, name, prefix, last_four, scopes, allowed_networks, rate_limit_requests, rate_limit_seconds,
   expires_at, last_used_at, revoked_at, created_at`,
);

/** Newest first, below the id `before`. */
export function listKeys(
  db: Queryable,
  accountId: string,
  of: { readonly whose: Whose; readonly before: string | null; readonly limit: number },
): Promise<KeyRow[]> {
  return db.query<KeyRow>(sql`
    select ${columns} from api_keys
    where account_id = ${accountId} and (${of.whose}::text is null or user_id = ${of.whose})
      and (${of.before}::text is null or id < ${of.before})
    order by id desc limit ${of.limit}`);
}

export type NewKeyRow = {
  readonly id: string;
  readonly userId: string;
  readonly name: string;
  readonly hash: Buffer;
  readonly prefix: string;
  readonly lastFour: string;
  readonly scopes: readonly Scope[];
  readonly allowedNetworks: readonly string[];
  readonly rateLimit: RateLimit | null;
  readonly expiresInSeconds: number | null;
  readonly rotatedFrom: string | null;
};

export async function insertKey(db: Queryable, accountId: string, key: NewKeyRow): Promise<KeyRow> {
  const [row] = await db.query<KeyRow>(sql`
    insert into api_keys (id, account_id, user_id, name, secret_hash, prefix, last_four, scopes, allowed_networks,
      rate_limit_requests, rate_limit_seconds, expires_at, rotated_from)
    values (${key.id}, ${accountId}, ${key.userId}, ${key.name}, ${key.hash}, ${key.prefix}, ${key.lastFour}, ${key.scopes},
      ${key.allowedNetworks}, ${key.rateLimit?.requests ?? null}, ${key.rateLimit?.seconds ?? null},
      now() + make_interval(secs => ${key.expiresInSeconds}), ${key.rotatedFrom})
    returning ${columns}`);
  if (row === undefined) throw new Error("an insert returned no row");
  return row;
}

/** Locks the key until the transaction ends. `rotated`: another has replaced it. */
export async function lockKey(
  db: Queryable,
  accountId: string,
  of: { readonly whose: Whose; readonly id: string },
): Promise<(KeyRow & { expired: boolean; rotated: boolean }) | null> {
  const [row] = await db.query<KeyRow & { expired: boolean; rotated: boolean }>(sql`
    select ${columns}, coalesce(expires_at <= now(), false) as expired,
      exists (select from api_keys newer where newer.account_id = ${accountId} and newer.rotated_from = api_keys.id) as rotated
    from api_keys
    where account_id = ${accountId} and id = ${of.id} and (${of.whose}::text is null or user_id = ${of.whose})
    for update`);
  return row ?? null;
}

/** Lets a key expire in so many seconds, unless it does sooner. */
export async function endKeyAfter(
  db: Queryable,
  accountId: string,
  of: { readonly id: string; readonly seconds: number },
): Promise<void> {
  await db.query(sql`
    update api_keys set expires_at = least(expires_at, now() + make_interval(secs => ${of.seconds}))
    where account_id = ${accountId} and id = ${of.id}`);
}

/** Whether there is such a key; it is revoked then. */
export async function revoke(
  db: Queryable,
  accountId: string,
  of: { readonly whose: Whose; readonly id: string },
): Promise<boolean> {
  const rows = await db.query<{ id: string }>(sql`
    update api_keys set revoked_at = coalesce(revoked_at, now())
    where account_id = ${accountId} and id = ${of.id} and (${of.whose}::text is null or user_id = ${of.whose})
    returning id`);
  return rows.length > 0;
}

/** The one query without an account: an operator names a key alone. */
export async function findKeyAccount(db: Queryable, id: string): Promise<string | null> {
  const [row] = await db.query<{ account_id: string }>(sql`select account_id from api_keys where id = ${id}`);
  return row?.account_id ?? null;
}
