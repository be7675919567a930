import sql from "sql-template-tag";
import type { Queryable } from "@trax/foundation/database";
import { channels } from "./channel.ts";
import { watchWhereItFits } from "./watching.ts";

/** What a picture is of: `program:std_…` or `source:src_…`. */
export type SnapshotOf = `program:${string}` | `source:${string}`;

export type Snapshot = { readonly jpeg: Buffer; readonly takenAt: Date };

/** Long enough that who looks every few seconds finds the program running. */
const watchedSeconds = 15;

/** The picture, unless it is older than `maxAgeMs`. */
export async function readSnapshot(
  db: Queryable,
  { studioId, of }: { readonly studioId: string; readonly of: SnapshotOf },
  maxAgeMs: number,
): Promise<Snapshot | null> {
  const [row] = await db.query<Snapshot>(sql`
    select jpeg, taken_at as "takenAt" from snapshots
    where of = ${of} and studio_id = ${studioId} and taken_at > now() - ${maxAgeMs} * interval '1 millisecond'`);
  return row ?? null;
}

/**
 * Asks the agents for a new picture, and for the program to run, since it is the
 * program that sees. Answers false, and asks for nothing, where the nodes cannot
 * carry that program. In a transaction.
 */
export async function requestSnapshot(
  tx: Queryable,
  studio: { readonly accountId: string; readonly studioId: string },
  of: SnapshotOf,
): Promise<boolean> {
  if (!(await watchWhereItFits(tx, studio, "program", watchedSeconds))) return false;
  await tx.query(sql`select pg_notify(${channels.snapshot}, ${`${studio.studioId} ${of}`})`);
  return true;
}

/** What a notification asks for; null when it is none. */
export function readSnapshotRequest(payload: string): { readonly studioId: string; readonly of: SnapshotOf } | null {
  const [, studioId, kind, id] = /^(std_\w+) (program|source):(\w+)$/.exec(payload) ?? [];
  if (studioId === undefined || id === undefined) return null;
  return { studioId, of: kind === "program" ? `program:${id}` : `source:${id}` };
}

/** Keeps a picture that was taken just now, and tells those who wait for it. Of what is gone it keeps none. */
export async function writeSnapshot(
  db: Queryable,
  snapshot: { readonly studioId: string; readonly of: SnapshotOf; readonly jpeg: Buffer },
): Promise<void> {
  const rows = await db.query(sql`
    insert into snapshots (of, studio_id, jpeg, taken_at)
    select ${snapshot.of}, s.id, ${snapshot.jpeg}, clock_timestamp() from studios s where s.id = ${snapshot.studioId}
      and (${snapshot.of} = 'program:' || s.id
        or exists (select from sources c where c.studio_id = s.id and ${snapshot.of} = 'source:' || c.id))
    on conflict (of) do update set studio_id = excluded.studio_id, jpeg = excluded.jpeg, taken_at = excluded.taken_at
    returning of`);
  if (rows.length > 0) await db.query(sql`select pg_notify(${channels.snapshotReady}, ${snapshot.of})`);
}
