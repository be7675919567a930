import type { Key, KeyCreate, KeyCreated, Scope } from "@trax/contract";
import type { RateLimit } from "@trax/foundation/config";
import type { Queryable } from "@trax/foundation/database";
import { newId } from "@trax/foundation/ids";
import { parseCidr } from "@trax/foundation/network";
import { newApiKey } from "../../kernel/auth/api-key.ts";
import type { Principal } from "../../kernel/auth/principal.ts";
import { ApiError, invalidRequest, notFound } from "../../kernel/errors.ts";
import { pageOf } from "../../kernel/pagination.ts";
import type { Cursors } from "../../kernel/pagination.ts";
import { endKeyAfter, findKeyAccount, insertKey, listKeys, lockKey, revoke } from "./sql.ts";
import type { KeyRow, Whose } from "./sql.ts";

/** An owner sees every key of the account, everybody else their own. */
function whose(principal: Principal): Whose {
  return principal.role === "owner" ? null : principal.userId;
}

export async function listOfKeys(
  db: Queryable,
  principal: Principal,
  cursors: Cursors,
  { cursor, limit }: { readonly cursor?: string | undefined; readonly limit: number },
): Promise<{ data: Key[]; nextCursor: string | null }> {
  const { accountId } = principal;
  const list = { list: "keys", accountId };
  const before = cursors.read(list, cursor);
  const rows = await listKeys(db, accountId, { whose: whose(principal), before, limit: limit + 1 });
  return pageOf(rows, limit, (id) => cursors.write(list, id), view);
}

export async function createKey(db: Queryable, principal: Principal, given: KeyCreate): Promise<KeyCreated> {
  return mintKey(db, principal, given);
}

export type KeyOwner = { readonly accountId: string; readonly userId: string; readonly scopes: ReadonlySet<Scope> };

/** A new key within the scopes its owner holds, with a limit of its own where an operator says so; the answer is the only place its secret is ever shown. */
export async function mintKey(
  db: Queryable,
  owner: KeyOwner,
  given: KeyCreate,
  rateLimit: RateLimit | null = null,
): Promise<KeyCreated> {
  const notHeld = given.scopes.filter((scope) => !owner.scopes.has(scope));
  if (notHeld.length > 0) {
    throw new ApiError("scope_not_held", `You cannot grant what you do not hold: ${notHeld.join(", ")}.`, {
      requiredScope: notHeld.join(" "),
    });
  }
  const networks = (given.allowedNetworks ?? []).map((text) => text.trim());
  const wrong = networks.flatMap((text, index) =>
    parseCidr(text) === null
      ? [{ path: `body.allowedNetworks.${index}`, message: "must be a CIDR, as 203.0.113.0/24" }]
      : [],
  );
  if (wrong.length > 0) throw invalidRequest("The body is not valid.", wrong);
  const { secret, ...stored } = newApiKey();
  const row = await insertKey(db, owner.accountId, {
    id: newId("key"),
    userId: owner.userId,
    name: given.name,
    ...stored,
    scopes: [...new Set(given.scopes)],
    allowedNetworks: networks,
    rateLimit,
    expiresInSeconds: given.expiresInSeconds ?? null,
    rotatedFrom: null,
  });
  return { ...view(row), secret: secret.reveal() };
}

/** A key like the old one, with as long to live as that had; the old one works on for the overlap. */
export async function rotateKey(
  db: Queryable,
  principal: Principal,
  id: string,
  overlapSeconds: number,
): Promise<KeyCreated> {
  const { accountId } = principal;
  const old = await lockKey(db, accountId, { whose: whose(principal), id });
  if (old === null) throw notFound("key");
  if (old.revoked_at !== null || old.expired)
    throw new ApiError("conflict", "The key is revoked or expired: make a new one.");
  if (old.rotated) throw new ApiError("conflict", "The key has been rotated already: rotate the one that replaced it.");
  const { secret, ...stored } = newApiKey();
  const row = await insertKey(db, accountId, {
    id: newId("key"),
    userId: old.user_id,
    name: old.name,
    ...stored,
    scopes: old.scopes,
    allowedNetworks: old.allowed_networks,
    rateLimit:
      old.rate_limit_requests === null || old.rate_limit_seconds === null
        ? null
        : { requests: old.rate_limit_requests, seconds: old.rate_limit_seconds },
    expiresInSeconds:
      old.expires_at === null ? null : Math.ceil((old.expires_at.getTime() - old.created_at.getTime()) / 1_000),
    rotatedFrom: id,
  });
  await endKeyAfter(db, accountId, { id, seconds: overlapSeconds });
  return { ...view(row), secret: secret.reveal() };
}

/** Revoking twice is revoking once. */
export async function revokeKey(db: Queryable, principal: Principal, id: string): Promise<void> {
  if (!(await revoke(db, principal.accountId, { whose: whose(principal), id }))) throw notFound("key");
}

/** For the operator, who is in no account. */
export async function revokeKeyOfAnyone(db: Queryable, id: string): Promise<void> {
  const accountId = await findKeyAccount(db, id);
  if (accountId === null || !(await revoke(db, accountId, { whose: null, id }))) throw notFound("key");
}

function view(row: KeyRow): Key {
  return {
    id: row.id,
    name: row.name,
    prefix: row.prefix,
    lastFour: row.last_four,
    scopes: row.scopes,
    allowedNetworks: row.allowed_networks,
    expiresAt: row.expires_at?.toISOString() ?? null,
    lastUsedAt: row.last_used_at?.toISOString() ?? null,
    revokedAt: row.revoked_at?.toISOString() ?? null,
    createdAt: row.created_at.toISOString(),
  };
}
