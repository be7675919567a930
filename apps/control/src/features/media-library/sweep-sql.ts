import sql from "sql-template-tag";
import type { Queryable } from "@trax/foundation/database";

/** Of every account: forgets uploads that ran out so long ago that none of them can still be arriving; answers how many. */
export async function forgetAbandoned(db: Queryable, graceSeconds: number): Promise<number> {
  const gone = await db.query<{ id: string }>(sql`
    delete from assets where status = 'awaiting_upload'
      and upload_expires_at < now() - ${graceSeconds} * interval '1 second' returning id`);
  return gone.length;
}

/** A key, or the beginning of keys, and since when it is owed: to the microsecond, so as text. */
export type Owed = { readonly key: string; readonly since: string };

export async function owedRemovals(db: Queryable, most: number): Promise<Owed[]> {
  return db.query<Owed>(
    sql`select key, created_at::text as since from owed_removals where created_at <= now()
      order by created_at, key limit ${most}`,
  );
}

/** It is removed; where it was owed once more meanwhile, it still is. */
export async function removalDone(db: Queryable, { key, since }: Owed): Promise<void> {
  await db.query(sql`delete from owed_removals where key = ${key} and created_at = ${since}::timestamptz`);
}

/** Tried again after all the others. */
export async function removalFailed(db: Queryable, { key }: Owed): Promise<void> {
  await db.query(sql`update owed_removals set created_at = now() where key = ${key}`);
}
