import sql from "sql-template-tag";
import { roleScopes } from "@trax/contract";
import type { Role } from "@trax/contract";
import type { Queryable } from "@trax/foundation/database";

export type Authorization = {
  readonly stateHash: Buffer;
  readonly userId: string;
  readonly platform: string;
  /** Sealed. */
  readonly verifier: string;
  readonly redirectUri: string;
  /** A web session began it. */
  readonly bySession: boolean;
};

/** Answers when it ends. */
export async function insertAuthorization(
  db: Queryable,
  accountId: string,
  given: Authorization & { readonly seconds: number },
): Promise<Date> {
  const [row] = await db.query<{ expires_at: Date }>(sql`
    insert into connection_authorizations (state_hash, account_id, user_id, platform, verifier, redirect_uri, by_session, expires_at)
    values (${given.stateHash}, ${accountId}, ${given.userId}, ${given.platform}, ${given.verifier}, ${given.redirectUri},
      ${given.bySession}, now() + make_interval(secs => ${given.seconds}))
    returning expires_at`);
  if (row === undefined) throw new Error("an authorization was not stored");
  return row.expires_at;
}

/** Uses it up: whoever has its state, once and in time, as long as the user who began it may link accounts there. */
export async function takeAuthorization(
  db: Queryable,
  stateHash: Buffer,
): Promise<(Authorization & { readonly accountId: string }) | null> {
  const [row] = await db.query<Authorization & { accountId: string; role: Role | null }>(sql`
    delete from connection_authorizations a where state_hash = ${stateHash}
    returning state_hash as "stateHash", account_id as "accountId", user_id as "userId", platform, verifier,
      redirect_uri as "redirectUri", by_session as "bySession",
      (select m.role from memberships m
        where m.account_id = a.account_id and m.user_id = a.user_id and a.expires_at > now()) as role`);
  if (row === undefined || row.role === null) return null;
  const { role, ...begun } = row;
  return roleScopes[role].includes("connections:write") ? begun : null;
}

/** Those that nobody came back with. */
export async function deleteOldAuthorizations(db: Queryable): Promise<void> {
  await db.query(sql`delete from connection_authorizations where expires_at < now()`);
}
