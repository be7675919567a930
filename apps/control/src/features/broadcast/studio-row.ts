import sql from "sql-template-tag";
import type { Queryable } from "@trax/foundation/database";
import { notFound } from "../../kernel/errors.ts";

/** Whether the account has the studio. */
export async function isStudio(db: Queryable, accountId: string, studioId: string): Promise<boolean> {
  const rows = await db.query(sql`select from studios where account_id = ${accountId} and id = ${studioId}`);
  return rows.length > 0;
}

/** Refuses what is not the account's studio. */
export async function requireStudio(db: Queryable, accountId: string, studioId: string): Promise<void> {
  if (!(await isStudio(db, accountId, studioId))) throw notFound("studio");
}

/**
 * First in every transaction that writes to a studio or anything in it, as the
 * media agent does: two that took its rows in different orders would wait for
 * each other for ever. What is read after it is as the last writer left it, and
 * stays until the transaction ends. Refuses what is not the account's studio.
 */
export async function holdStudio(db: Queryable, accountId: string, studioId: string): Promise<void> {
  const rows = await db.query(
    sql`select from studios where account_id = ${accountId} and id = ${studioId} for no key update`,
  );
  if (rows.length === 0) throw notFound("studio");
}
