import sql from "sql-template-tag";
import type { Queryable } from "@trax/foundation/database";
import { notifyDesired, shownAssets } from "./desired.ts";
import { leaseMs } from "./lease.ts";
import { coresOf, usualCoresPerMegapixel } from "./program-cost.ts";
import type { ProgramWork } from "./program-cost.ts";

/** Any number, the same for all: held by who decides whether another program fits. */
const admissionLock = 5_202;

const onAir = sql`select studio_id from broadcasts where ended_at is null`;

/** Those that run without being on air, and those that somebody was just told he may watch. */
const watched = sql`
  select studio_id from program_gauges g where updated_at > now() - interval '5 seconds'
    and not exists (select from programs p where p.studio_id = g.studio_id and p.gave_way_at is not null)
  union select studio_id from programs
    where (watched_until is not null or preview_watched_until is not null)
      and greatest(watched_until, preview_watched_until) > now()`;

/**
 * Of a source: its pictures where they are known. What is sent in is decoded while
 * it is online, what the program opens itself whenever it runs; sound and stills
 * are not, as far as that is known.
 */
const decoded = sql`
  select case when c.status = 'online' then c.video end as pictures
  from sources c left join assets a on a.id = c.asset_id
  where c.studio_id = s.id and c.status <> 'error' and (c.kind <> 'ingest' or c.status = 'online')
    and (a.kind is null or a.kind = 'video') and not (c.status = 'online' and c.video is null and c.audio is not null)
  union all
  select null from assets a where a.account_id = s.account_id and a.kind = 'video' and a.id in (${shownAssets})`;

type Program = ProgramWork & {
  readonly studioId: string;
  readonly onAir: boolean;
  readonly watched: boolean;
};

/** What programs may use of the nodes that are alive, and what one costs there. Null: no node tells. */
type Room = { readonly cores: number; readonly coresPerMegapixel: number };

async function readRoom(db: Queryable): Promise<Room | null> {
  const [row] = await db.query<{ cores: number | null; coresPerMegapixel: number }>(sql`
    select sum(cores) as cores, coalesce(avg(cores_per_megapixel), ${usualCoresPerMegapixel}) as "coresPerMegapixel"
    from media_nodes
    where cores is not null and heartbeat_at > now() - ${leaseMs} * interval '1 millisecond'`);
  return row === undefined || row.cores === null ? null : { ...row, cores: row.cores };
}

/** This studio's program and all that run, those first that somebody said longest ago he watches. */
async function readPrograms(db: Queryable, studioId: string): Promise<Program[]> {
  return db.query<Program>(sql`
    select s.id as "studioId", s.id in (${onAir}) as "onAir", s.id in (${watched}) as watched,
      json_build_object('width', s.width, 'height', s.height, 'frameRate', s.frame_rate) as canvas,
      coalesce((select json_agg(pictures) from (${decoded}) d), '[]') as sources,
      coalesce(p.preview_watched_until > now(), false) as preview
    from studios s left join programs p on p.studio_id = s.id
    where s.program_mode = 'composed' and (s.id = ${studioId} or s.id in (${onAir}) or s.id in (${watched}))
    order by greatest(p.watched_until, p.preview_watched_until) nulls first, s.id`);
}

/**
 * Whether the nodes that are alive can carry this studio's program beside those
 * that are on air. Going live comes before watching: of those that are only
 * watched as many give way as needed. A passthrough studio always fits; where no
 * node tells what it can carry, nothing is refused. In the transaction that takes
 * the studio live: two that ask at once are told one after the other.
 */
export async function makeRoom(tx: Queryable, studioId: string): Promise<boolean> {
  const decision = await readDecision(tx, studioId);
  if (decision === null) return true;
  const { own, others, cost, cores } = decision;
  let free = cores - cost(own);
  for (const program of others) if (program.onAir) free -= cost(program);
  if (free < 0) return false;
  const merelyWatched = others.filter((program) => !program.onAir);
  for (const program of merelyWatched) free -= cost(program);
  for (const program of merelyWatched) {
    if (free >= 0) break;
    free += cost(program);
    await giveWay(tx, program.studioId);
  }
  await tx.query(sql`update programs set gave_way_at = null where studio_id = ${studioId} and gave_way_at is not null`);
  return true;
}

/**
 * The same for what is only to be watched, beside all that run: it makes nobody
 * give way. A program that runs may be watched in any case, and so may a preview
 * that is made already. In the transaction that says it is watched.
 */
export async function watchingFits(tx: Queryable, studioId: string, what: "program" | "preview"): Promise<boolean> {
  const [known] = (await readPrograms(tx, studioId)).filter((program) => program.studioId === studioId);
  if (known !== undefined && (known.onAir || known.watched) && (what === "program" || known.preview)) return true;
  const decision = await readDecision(tx, studioId);
  if (decision === null) return true;
  const { own, others, cost, cores } = decision;
  const asked = { ...own, preview: own.preview || what === "preview" };
  return [asked, ...others].reduce((sum, program) => sum + cost(program), 0) <= cores;
}

/** Null: there is nothing to decide. */
async function readDecision(
  tx: Queryable,
  studioId: string,
): Promise<{
  readonly own: Program;
  readonly others: readonly Program[];
  readonly cost: (program: Program) => number;
  readonly cores: number;
} | null> {
  await tx.query(sql`select pg_advisory_xact_lock(${admissionLock})`);
  const room = await readRoom(tx);
  if (room === null) return null;
  const programs = await readPrograms(tx, studioId);
  const own = programs.find((program) => program.studioId === studioId);
  if (own === undefined) return null;
  const others = programs.filter((program) => program !== own);
  return { own, others, cores: room.cores, cost: (program) => coresOf(program, room.coresPerMegapixel) };
}

/** It is not to be made any more, whoever still reads it, until somebody may watch it anew or it goes live. */
async function giveWay(tx: Queryable, studioId: string): Promise<void> {
  await tx.query(sql`
    insert into programs (studio_id, account_id, gave_way_at)
    select id, account_id, now() from studios where id = ${studioId} for key share
    on conflict (studio_id) do update
      set gave_way_at = excluded.gave_way_at, watched_until = null, preview_watched_until = null`);
  await notifyDesired(tx, studioId);
}
