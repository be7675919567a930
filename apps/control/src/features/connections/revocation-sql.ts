import sql from "sql-template-tag";
import type { Queryable } from "@trax/foundation/database";

export type OwedRevocation = {
  readonly id: number;
  readonly accountId: string;
  readonly connectionId: string;
  readonly platform: string;
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
    returning r.id, r.account_id as "accountId", r.connection_id as "connectionId", r.platform, r.secrets, r.attempts`);
}

export async function forgetRevocation(db: Queryable, accountId: string, id: number): Promise<void> {
  await db.query(sql`delete from owed_revocations where account_id = ${accountId} and id = ${id}`);
}
