import sql from "sql-template-tag";
import type { Queryable } from "@trax/foundation/database";

/** How long a broadcast stays a node's own without word from it. */
export const leaseMs = 15_000;

/** What a claim leaves each of a node's own with, at the least. */
export const leaseLeastMs = leaseMs / 2;

const lease = sql`now() + ${leaseMs} * interval '1 millisecond'`;

/** What a node can carry. */
export type NodeLoad = {
  /** Processor cores that programs may use. */
  readonly cores: number;
  /** What a program costs it, in cores for a million pixels a second. */
  readonly coresPerMegapixel: number;
  /** Of all its cores, 0 to 1. */
  readonly busy: number;
};

/** Tells that a node is alive, and how it fares; answers how many nodes there are. */
export async function heartbeat(db: Queryable, nodeId: string, startedAt: Date, load?: NodeLoad): Promise<number> {
  await db.query(sql`
    insert into media_nodes (id, started_at, heartbeat_at, cores, cores_per_megapixel, busy)
    values (${nodeId}, ${startedAt}, now(), ${load?.cores}, ${load?.coresPerMegapixel}, ${load?.busy})
    on conflict (id) do update set started_at = excluded.started_at, heartbeat_at = now(), cores = excluded.cores,
      cores_per_megapixel = excluded.cores_per_megapixel, busy = excluded.busy`);
  const [row] = await db.query<{ count: number }>(
    sql`select count(*)::int as count from media_nodes where heartbeat_at > now() - ${leaseMs} * interval '1 millisecond'`,
  );
  return row?.count ?? 1;
}

/**
 * Takes the broadcasts that nobody runs (new, or whose node fell silent) and
 * renews this node's own; answers the ids that are its own now. Only the node
 * that holds a broadcast's lease may push it anywhere. One that somebody is
 * writing to is left for the next time: it must not hold up all others.
 */
export async function claimBroadcasts(db: Queryable, nodeId: string): Promise<ReadonlySet<string>> {
  await db.query(sql`
    update broadcasts set node_id = ${nodeId}, lease_expires_at = ${lease}
    where id in (
      select id from broadcasts
      where ended_at is null
        and (node_id is null or lease_expires_at is null or lease_expires_at < now()
          or (node_id = ${nodeId} and lease_expires_at < now() + ${leaseLeastMs} * interval '1 millisecond'))
      for update skip locked)`);
  const rows = await db.query<{ id: string }>(
    sql`select id from broadcasts where ended_at is null and node_id = ${nodeId} and lease_expires_at > now()`,
  );
  return new Set(rows.map((row) => row.id));
}
