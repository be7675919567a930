import sql from "sql-template-tag";
import type { ConnectionStatus } from "@trax/contract";
import type { Queryable } from "@trax/foundation/database";

export type ConnectionRow = {
  readonly id: string;
  readonly platform: string;
  readonly accountName: string;
  readonly scopes: string[];
  readonly status: ConnectionStatus;
  readonly statusReason: string | null;
  readonly createdAt: Date;
  readonly updatedAt: Date;
};

const columns = sql`
  id, platform, account_name as "accountName", scopes, status, status_reason as "statusReason",
  created_at as "createdAt", updated_at as "updatedAt"`;

/** The account's connections below an id, newest first. */
export async function listConnections(
  db: Queryable,
  accountId: string,
  page: { readonly below: string | null; readonly limit: number },
): Promise<ConnectionRow[]> {
  const below = page.below === null ? sql`` : sql`and id < ${page.below}`;
  return db.query<ConnectionRow>(
    sql`select ${columns} from connections where account_id = ${accountId} ${below} order by id desc limit ${page.limit}`,
  );
}

export async function findConnection(
  db: Queryable,
  accountId: string,
  connectionId: string,
): Promise<ConnectionRow | undefined> {
  const [row] = await db.query<ConnectionRow>(
    sql`select ${columns} from connections where account_id = ${accountId} and id = ${connectionId}`,
  );
  return row;
}

/** The account's link of this account of the platform. */
export async function findLink(
  db: Queryable,
  accountId: string,
  of: { readonly platform: string; readonly platformUserId: string },
): Promise<string | null> {
  const [row] = await db.query<{ id: string }>(sql`
    select id from connections
    where account_id = ${accountId} and platform = ${of.platform} and platform_user_id = ${of.platformUserId}`);
  return row?.id ?? null;
}

export type StoredLink = {
  readonly id: string;
  readonly platform: string;
  readonly platformUserId: string;
  readonly accountName: string;
  readonly scopes: readonly string[];
  readonly settings: Readonly<Record<string, string>>;
  /** Sealed. */
  readonly secrets: string;
  readonly expiresAt: Date | null;
  readonly dueAt: Date | null;
};

/** Answers whether there was none of this account of the platform. */
export async function insertLink(db: Queryable, accountId: string, link: StoredLink): Promise<boolean> {
  const made = await db.query(sql`
    insert into connections (id, account_id, platform, account_name, platform_user_id, scopes, settings, secrets,
      token_expires_at, refresh_due_at)
    values (${link.id}, ${accountId}, ${link.platform}, ${link.accountName}, ${link.platformUserId}, ${[...link.scopes]},
      ${JSON.stringify(link.settings)}::jsonb, ${link.secrets}, ${link.expiresAt}, ${link.dueAt})
    on conflict (account_id, platform, platform_user_id) do nothing returning id`);
  return made.length > 0;
}

/** What was linked is linked anew. Answers the secrets of before, sealed; null where it is not there any more. */
export async function renewLink(db: Queryable, accountId: string, link: StoredLink): Promise<string | null> {
  const [before] = await db.query<{ secrets: string }>(sql`
    update connections c set account_name = ${link.accountName}, scopes = ${[...link.scopes]},
      settings = ${JSON.stringify(link.settings)}::jsonb, secrets = ${link.secrets}, secrets_version = secrets_version + 1,
      token_expires_at = ${link.expiresAt}, refresh_due_at = ${link.dueAt}, refresh_attempts = 0, refresh_until = null,
      status = 'ok', status_reason = null, updated_at = now()
    from (select id, secrets from connections where account_id = ${accountId} and id = ${link.id} for update) before
    where c.id = before.id returning before.secrets`);
  return before?.secrets ?? null;
}

/** Destinations made from it need not wait to ask again, unless they are asking. The caller holds their studios. */
export async function askAgain(db: Queryable, accountId: string, connectionId: string): Promise<void> {
  await db.query(sql`
    update destinations set ingest_due_at = null
    where account_id = ${accountId} and connection_id = ${connectionId} and ingest_due_at is not null
      and ingest_claim is null`);
}

export type Unlinked = {
  readonly platform: string;
  readonly platformUserId: string;
  readonly accountName: string;
  /** Sealed. */
  readonly secrets: string;
};

export async function deleteConnection(
  db: Queryable,
  accountId: string,
  connectionId: string,
): Promise<Unlinked | undefined> {
  const [row] = await db.query<Unlinked>(sql`
    delete from connections where account_id = ${accountId} and id = ${connectionId}
    returning platform, platform_user_id as "platformUserId", account_name as "accountName", secrets`);
  return row;
}

export type CutDestination = {
  readonly id: string;
  readonly studioId: string;
  readonly status: string;
  readonly previousStatus: string;
};

/** Destinations made from what is gone are disabled and say why. The caller holds their studios. */
export async function cutDestinations(
  db: Queryable,
  accountId: string,
  connectionId: string,
  error: { readonly code: string; readonly message: string; readonly at: string },
): Promise<CutDestination[]> {
  return db.query<CutDestination>(sql`
    update destinations d set connection_id = null, enabled = false, stream_key = null, revision = d.revision + 1,
      ingest_broadcast_id = null, ingest_due_at = null, ingest_attempts = 0, ingest_claim = null, last_error = ${JSON.stringify(error)}::jsonb,
      status = case when d.status = 'idle' then 'idle' else 'failed' end, updated_at = now()
    from (select id, status from destinations where account_id = ${accountId} and connection_id = ${connectionId}
      for update) before
    where d.id = before.id
    returning d.id, d.studio_id as "studioId", d.status, before.status as "previousStatus"`);
}

/** The platform of a connection, held until the transaction ends so that it is not unlinked meanwhile. */
export async function holdConnection(db: Queryable, accountId: string, connectionId: string): Promise<string | null> {
  const [row] = await db.query<{ platform: string }>(
    sql`select platform from connections where account_id = ${accountId} and id = ${connectionId} for share`,
  );
  return row?.platform ?? null;
}
