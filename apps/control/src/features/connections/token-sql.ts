import sql from "sql-template-tag";
import type { Queryable } from "@trax/foundation/database";
import type { ConnectionStatus } from "@trax/contract";

// The account is the row's own here: what keeps tokens fresh works for all accounts alike.

export type TokenRow = {
  readonly id: string;
  readonly accountId: string;
  readonly platform: string;
  readonly accountName: string;
  readonly platformUserId: string;
  readonly settings: Readonly<Record<string, string>>;
  readonly status: ConnectionStatus;
  readonly statusReason: string | null;
  /** Sealed. */
  readonly secrets: string;
  readonly version: number;
  /** Its access token is good for some seconds more. */
  readonly alive: boolean;
  /** It should be renewed, or tried to again. */
  readonly due: boolean;
  /** Somebody is renewing it. */
  readonly claimed: boolean;
  readonly attempts: number;
};

const columns = sql`
  id, account_id as "accountId", platform, account_name as "accountName", platform_user_id as "platformUserId", settings,
  status, status_reason as "statusReason", secrets, secrets_version as version,
  coalesce(token_expires_at > now() + interval '5 seconds', true) as alive,
  coalesce(refresh_due_at <= now(), false) as due, coalesce(refresh_until > now(), false) as claimed,
  refresh_attempts as attempts`;

export async function readToken(db: Queryable, connectionId: string): Promise<TokenRow | undefined> {
  const [row] = await db.query<TokenRow>(sql`select ${columns} from connections where id = ${connectionId}`);
  return row;
}

/** A connection whose token is to be renewed, and since when: to the microsecond, so as text. */
export type Due = { readonly id: string; readonly dueAt: string };

/** Those that are to be renewed now, by whoever claims them. */
export async function listDue(db: Queryable, limit: number): Promise<Due[]> {
  return db.query<Due>(sql`
    select id, refresh_due_at::text as "dueAt" from connections
    where status <> 'needs_relink' and refresh_due_at <= now() and (refresh_until is null or refresh_until < now())
    order by refresh_due_at limit ${limit}`);
}

/** Where it is due as it was, since nothing could be asked for it: others come first meanwhile. */
export async function putOffRenewal(db: Queryable, { id, dueAt }: Due, byMs: number): Promise<void> {
  await db.query(sql`
    update connections set refresh_due_at = now() + ${byMs} * interval '1 millisecond'
    where id = ${id} and refresh_due_at = ${dueAt}::timestamptz and (refresh_until is null or refresh_until < now())`);
}

/**
 * Answers whether the caller is to renew it: nobody else will for so long. Of
 * two who read the row at once, the one whom the other forestalled, and who
 * failed meanwhile, does not try again at once.
 */
export async function claim(db: Queryable, row: TokenRow, forMs: number): Promise<boolean> {
  const claimed = await db.query(sql`
    update connections set refresh_until = now() + ${forMs} * interval '1 millisecond'
    where id = ${row.id} and secrets_version = ${row.version} and refresh_attempts = ${row.attempts}
      and status <> 'needs_relink' and (refresh_until is null or refresh_until < now())
    returning id`);
  return claimed.length > 0;
}

/** Answers whether this was still the latest version; the row is free again. */
export async function storeRenewed(
  db: Queryable,
  row: TokenRow,
  next: { readonly sealed: string; readonly expiresAt: Date | null; readonly dueAt: Date | null },
): Promise<boolean> {
  const stored = await db.query(sql`
    update connections set secrets = ${next.sealed}, secrets_version = secrets_version + 1,
      token_expires_at = ${next.expiresAt}, refresh_due_at = ${next.dueAt}, refresh_attempts = 0, refresh_until = null,
      status = 'ok', status_reason = null, updated_at = now()
    where id = ${row.id} and secrets_version = ${row.version}
    returning id`);
  return stored.length > 0;
}

/** It failed and is tried again in so long. Once its token is over, it cannot be used meanwhile: then answers `error`. */
export async function storeFailure(
  db: Queryable,
  row: TokenRow,
  failure: { readonly reason: string; readonly againInMs: number },
): Promise<ConnectionStatus | null> {
  const [stored] = await db.query<{ status: ConnectionStatus }>(sql`
    update connections set refresh_attempts = refresh_attempts + 1, refresh_until = null,
      refresh_due_at = now() + ${failure.againInMs} * interval '1 millisecond',
      status = case when token_expires_at < now() then 'error' else status end,
      status_reason = case when token_expires_at < now() then ${failure.reason} else status_reason end
    where id = ${row.id} and secrets_version = ${row.version}
    returning status`);
  return stored?.status ?? null;
}

/** Answers whether this was still the latest version. */
export async function storeNeedsRelink(db: Queryable, row: TokenRow, reason: string): Promise<boolean> {
  const stored = await db.query(sql`
    update connections set status = 'needs_relink', status_reason = ${reason}, refresh_until = null,
      refresh_due_at = null, updated_at = now()
    where id = ${row.id} and secrets_version = ${row.version} and status <> 'needs_relink'
    returning id`);
  return stored.length > 0;
}

/** A grant that nobody holds any more is to be withdrawn. */
export async function oweRevocation(
  db: Queryable,
  owed: {
    readonly accountId: string;
    readonly connectionId: string;
    readonly platform: string;
    readonly platformUserId: string;
    readonly sealed: string;
  },
): Promise<void> {
  await db.query(sql`
    insert into owed_revocations (account_id, connection_id, platform, platform_user_id, secrets)
    values (${owed.accountId}, ${owed.connectionId}, ${owed.platform}, ${owed.platformUserId}, ${owed.sealed})`);
}
