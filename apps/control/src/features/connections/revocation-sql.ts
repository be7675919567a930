import sql from "sql-template-tag";
import type { Queryable } from "@trax/foundation/database";

export type OwedRevocation = {
  readonly id: number;
  readonly accountId: string;
  readonly connectionId: string;
  readonly platform: string;
  /** Null: it was not kept yet when this came to be owed. */
  readonly platformUserId: string | null;
  /** Sealed. */
  readonly secrets: string;
  /** This one included. */
  readonly attempts: number;
};

/** Those that are due, of any account; each is due again after a while that doubles from 20 s. */
export async function claimRevocations(db: Queryable, limit: number): Promise<OwedRevocation[]> {
  return db.query<OwedRevocation>(sql`
    update owed_revocations r set attempts = r.attempts + 1, due_at = now() + 2 ^ r.attempts * interval '20 seconds'
    from (select id from owed_revocations where due_at <= now() order by due_at limit ${limit} for update skip locked) due
    where r.id = due.id
    returning r.id, r.account_id as "accountId", r.connection_id as "connectionId", r.platform,
      r.platform_user_id as "platformUserId", r.secrets, r.attempts`);
}

export async function forgetRevocation(db: Queryable, accountId: string, id: number): Promise<void> {
  await db.query(sql`delete from owed_revocations where account_id = ${accountId} and id = ${id}`);
}

/** Nothing was done: it was no attempt, and comes again soon. */
export async function putOffRevocation(db: Queryable, { accountId, id, attempts }: OwedRevocation): Promise<void> {
  await db.query(sql`
    update owed_revocations set attempts = attempts - 1, due_at = now() + interval '5 seconds'
    where account_id = ${accountId} and id = ${id} and attempts = ${attempts}`);
}

/** Whether anybody has a link of this account of the platform: of all accounts alike. */
export async function isLinkedByAnybody(
  db: Queryable,
  { platform, platformUserId }: Pick<OwedRevocation, "platform" | "platformUserId">,
): Promise<boolean> {
  const rows = await db.query(sql`
    select from connections where platform = ${platform} and platform_user_id = ${platformUserId} limit 1`);
  return rows.length > 0;
}

// Of all whose advisory locks are two numbers, the first says what for. Held until the transaction ends.
const turns = 5201;

/** Shared with others who link at this platform; waits for who withdraws. */
export async function turnToLink(db: Queryable, platform: string): Promise<void> {
  await db.query(sql`select pg_advisory_xact_lock_shared(${turns}::int, hashtext(${platform}))`);
}

/** Answers whether nobody links or withdraws at this platform: then nobody will meanwhile. */
export async function turnToWithdraw(db: Queryable, platform: string): Promise<boolean> {
  const [row] = await db.query<{ mine: boolean }>(sql`
    select pg_try_advisory_xact_lock(${turns}::int, hashtext(${platform})) as mine`);
  return row?.mine === true;
}
