import sql, { empty } from "sql-template-tag";
import type { Queryable } from "@trax/foundation/database";
import { watchingFits } from "./admission.ts";
import { notifyDesired } from "./desired.ts";

/** Why a program runs although it is not on air: somebody looks at it, at its preview, or at its meters. */
export type Watching = "program" | "preview" | "meters";

const columns = {
  program: sql`watched_until`,
  preview: sql`preview_watched_until`,
  meters: sql`meters_until`,
} as const satisfies Record<Watching, unknown>;

/**
 * Says that somebody watches for the next `seconds`; said again before they are
 * over by who goes on watching. Wakes the agents where nobody did. The caller
 * has made sure that the studio exists: of one that is gone meanwhile it is
 * nothing.
 */
export async function watch(
  db: Queryable,
  studio: { readonly accountId: string; readonly studioId: string },
  what: Watching,
  seconds: number,
): Promise<void> {
  const column = columns[what];
  const until = sql`now() + ${seconds} * interval '1 second'`;
  // Meters are heard of a program that runs, and make none run.
  const goesOn = what === "meters" ? empty : sql`, gave_way_at = null`;
  const [row] = await db.query<{ was: boolean }>(sql`
    with before as (select ${column} > now() as was from programs where studio_id = ${studio.studioId})
    insert into programs (studio_id, account_id, ${column})
    select id, account_id, ${until} from studios where account_id = ${studio.accountId} and id = ${studio.studioId}
      for key share
    on conflict (studio_id) do update set ${column} = greatest(programs.${column}, excluded.${column})${goesOn}
    returning coalesce((select was from before), false) as was`);
  if (row?.was === false) await notifyDesired(db, studio.studioId);
}

/**
 * The same for a program or a preview, unless the nodes cannot carry it beside
 * what they do: answers whether it is watched now. In a transaction, with the studio
 * held where it is held at all.
 */
export async function watchWhereItFits(
  tx: Queryable,
  studio: { readonly accountId: string; readonly studioId: string },
  what: "program" | "preview",
  seconds: number,
): Promise<boolean> {
  if (!(await watchingFits(tx, studio.studioId, what))) return false;
  await watch(tx, studio, what, seconds);
  return true;
}
