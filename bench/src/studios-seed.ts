import sql from "sql-template-tag";
import type { Queryable } from "@trax/foundation/database";
import { newId } from "@trax/foundation/ids";

const batch = 10_000;

/** Puts so many studios into an account, past the API, and lets PostgreSQL look at what it has. */
export async function seedStudios(db: Queryable, accountId: string, count: number): Promise<void> {
  for (let made = 0; made < count; made += batch) {
    const ids = Array.from({ length: Math.min(batch, count - made) }, () => newId("studio"));
    await db.query(sql`
      insert into studios (id, account_id, name)
      select id, ${accountId}, 'Studio ' || (${made} + n) from unnest(${ids}::text[]) with ordinality as seeded (id, n)`);
  }
  await db.query(sql`vacuum analyze studios`);
}
