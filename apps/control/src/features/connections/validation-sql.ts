import sql from "sql-template-tag";
import type { Queryable } from "@trax/foundation/database";

// Of all accounts alike, as tokens.

/** Those whose platforms are to be asked now whether their access is good, taken by the caller for so long. */
export async function claimValidations(
  db: Queryable,
  platforms: readonly string[],
  given: { readonly forMs: number; readonly limit: number },
): Promise<string[]> {
  const rows = await db.query<{ id: string }>(sql`
    update connections c set validate_due_at = now() + ${given.forMs} * interval '1 millisecond'
    from (
      select id from connections
      where platform = any(${platforms}) and status <> 'needs_relink' and validate_due_at <= now()
      order by validate_due_at limit ${given.limit} for update skip locked) due
    where c.id = due.id
    returning c.id`);
  return rows.map(({ id }) => id);
}

/** It was asked. */
export async function settleValidation(db: Queryable, connectionId: string, againInMs: number): Promise<void> {
  await db.query(sql`
    update connections set validate_due_at = now() + ${againInMs} * interval '1 millisecond' where id = ${connectionId}`);
}
