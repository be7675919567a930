import sql from "sql-template-tag";
import type { Sql } from "sql-template-tag";
import type { Queryable } from "@trax/foundation/database";
import { leaseMs } from "./lease.ts";

/** What a program costs where none has been measured: cores for a million pixels a second. */
export const usualCoresPerMegapixel = 0.024;

/** Sound, the link and the process itself: no program costs less, in cores. */
const leastCores = 0.05;

/** Any number, the same for all: held by who decides whether another program fits. */
const admissionLock = 5_202;

const onAir = sql`select studio_id from broadcasts where ended_at is null`;

/** On air or only watched: those that run, and those that somebody was just told he may watch. */
const running = sql`${onAir}
  union select studio_id from program_gauges where updated_at > now() - interval '5 seconds'
  union select studio_id from programs
    where (watched_until is not null or preview_watched_until is not null)
      and greatest(watched_until, preview_watched_until) > now()`;

/**
 * Whether the nodes that are alive can carry this studio's program beside those
 * that are on air, by what programs were measured to cost. A passthrough studio
 * always fits; where no node tells what it can carry, nothing is refused. In the
 * transaction that takes the studio live: two that ask at once are told one after the other.
 */
export async function programFits(tx: Queryable, studioId: string): Promise<boolean> {
  return fitsBeside(tx, studioId, onAir);
}

/**
 * The same for a program that is only to be watched, beside all that run: going
 * live comes before watching, never the other way round. One that runs may be
 * watched in any case. In the transaction that says it is watched.
 */
export async function watchingFits(tx: Queryable, studioId: string): Promise<boolean> {
  const runs = await tx.query(sql`select from (${running}) as those where studio_id = ${studioId}`);
  return runs.length > 0 || (await fitsBeside(tx, studioId, running));
}

async function fitsBeside(tx: Queryable, studioId: string, others: Sql): Promise<boolean> {
  await tx.query(sql`select pg_advisory_xact_lock(${admissionLock})`);
  const [row] = await tx.query<{ fits: boolean }>(sql`
    with nodes as (
      select sum(cores) as cores, avg(coalesce(cores_per_megapixel, ${usualCoresPerMegapixel})) as each
      from media_nodes
      where cores is not null and heartbeat_at > now() - ${leaseMs} * interval '1 millisecond')
    select nodes.cores is null or sum(greatest(${leastCores}::real,
        s.width::bigint * s.height * s.frame_rate / 1e6 * nodes.each)) <= nodes.cores as fits
    from studios s, nodes
    where s.program_mode = 'composed'
      and (s.id = ${studioId} or s.id in (${others}))
      and exists (select from studios where id = ${studioId} and program_mode = 'composed')
    group by nodes.cores`);
  return row?.fits ?? true;
}
