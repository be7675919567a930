import sql from "sql-template-tag";
import { Scope, roleScopes } from "@trax/contract";
import type { Role } from "@trax/contract";
import type { RateLimit } from "@trax/foundation/config";
import type { Queryable } from "@trax/foundation/database";
import type { Principal } from "./principal.ts";

type KeyRow = {
  id: string;
  account_id: string;
  account_name: string;
  user_id: string;
  role: Role;
  name: string;
  scopes: string[];
  allowed_networks: string[];
  rate_limit_requests: number | null;
  rate_limit_seconds: number | null;
  expires_at: Date | null;
};

/** The key with this SHA-256 and what it may do now; null when it is unknown, revoked or expired. */
export async function findKey(db: Queryable, hash: Buffer, otherwise: RateLimit): Promise<Principal | null> {
  const [row] = await db.query<KeyRow>(sql`
    select k.id, k.account_id, a.name as account_name, k.user_id, m.role, k.name, k.scopes, k.allowed_networks,
      k.rate_limit_requests, k.rate_limit_seconds, k.expires_at
    from api_keys k
    join accounts a on a.id = k.account_id
    join memberships m on m.account_id = k.account_id and m.user_id = k.user_id
    where k.secret_hash = ${hash} and k.revoked_at is null and (k.expires_at is null or k.expires_at > now())`);
  if (row === undefined) return null;
  const held = new Set<string>(row.scopes);
  return {
    kind: "api_key",
    id: row.id,
    hash,
    accountId: row.account_id,
    accountName: row.account_name,
    userId: row.user_id,
    role: row.role,
    name: row.name,
    scopes: new Set(roleScopes[row.role].filter((scope: Scope) => held.has(scope))),
    limit: {
      requests: row.rate_limit_requests ?? otherwise.requests,
      seconds: row.rate_limit_seconds ?? otherwise.seconds,
    },
    expiresAt: row.expires_at,
    allowedNetworks: row.allowed_networks,
  };
}

type SessionRow = {
  account_id: string;
  account_name: string;
  user_id: string;
  user_name: string;
  role: Role;
  expires_at: Date;
};

/** The web session with this SHA-256; null when it is unknown or over. */
export async function findSession(db: Queryable, hash: Buffer, limit: RateLimit): Promise<Principal | null> {
  const [row] = await db.query<SessionRow>(sql`
    select s.account_id, a.name as account_name, s.user_id, u.name as user_name, m.role, s.expires_at
    from web_sessions s
    join accounts a on a.id = s.account_id
    join users u on u.id = s.user_id
    join memberships m on m.account_id = s.account_id and m.user_id = s.user_id
    where s.token_hash = ${hash} and s.expires_at > now()`);
  if (row === undefined) return null;
  return {
    kind: "session",
    id: `session:${hash.subarray(0, 12).toString("base64url")}`,
    hash,
    accountId: row.account_id,
    accountName: row.account_name,
    userId: row.user_id,
    role: row.role,
    name: row.user_name,
    scopes: new Set(roleScopes[row.role]),
    limit,
    expiresAt: row.expires_at,
    allowedNetworks: [],
  };
}

/** Notes that keys were used, each with the time it was. */
export async function noteKeysUsed(db: Queryable, used: ReadonlyMap<string, Date>): Promise<void> {
  await db.query(sql`
    update api_keys k set last_used_at = u.at
    from unnest(${[...used.keys()]}::text[], ${[...used.values()]}::timestamptz[]) as u (id, at)
    where k.id = u.id and (k.last_used_at is null or k.last_used_at < u.at)`);
}
