import sql from "sql-template-tag";
import type { Queryable } from "@trax/foundation/database";
import type { Show } from "./platform.ts";

// The account is the row's own here: go-lives of all accounts are looked after alike.

export type IngestJob = {
  readonly destinationId: string;
  readonly accountId: string;
  readonly studioId: string;
  readonly connectionId: string;
  /** That is live; null: the one before is over, or it was disabled, and that is all. */
  readonly broadcastId: string | null;
  /** For which the platform told where to send to. */
  readonly before: string | null;
  readonly title: string;
  readonly privacy: Show["privacy"];
  /** For that broadcast, this one included. */
  readonly attempts: number;
  /** By which it is known that nobody else has taken it meanwhile, and no edit has changed what is asked for. */
  readonly claim: string;
};

/** A broadcast that has just begun waits for nothing that went wrong in the one before. */
const isDue = sql`(d.ingest_due_at is null or d.ingest_due_at <= now()
  or (d.ingest_claim is null and b.id is not null and d.ingest_asked_for is distinct from b.id))`;

/**
 * The destinations whose platforms are to be asked where to send to, or told
 * that the broadcast is over, taken by the caller for so long.
 */
export async function claimIngests(
  db: Queryable,
  given: {
    readonly claim: string;
    readonly forMs: number;
    readonly limit: number;
    /** Null: all there are. */
    readonly studios: readonly string[] | null;
  },
): Promise<IngestJob[]> {
  const { claim, forMs, limit, studios } = given;
  // By what has an index: one look at every destination there is took a second for half a million of them.
  const ofThese =
    studios === null
      ? sql`d.studio_id in (select studio_id from broadcasts where desired = 'live'
          union select studio_id from destinations where ingest_broadcast_id is not null)`
      : sql`d.studio_id = any(${studios})`;
  return db.query<IngestJob>(sql`
    update destinations d set ingest_due_at = now() + ${forMs} * interval '1 millisecond',
      ingest_attempts = case when job.broadcast_id <> coalesce(d.ingest_asked_for, '') then 1 else d.ingest_attempts + 1 end,
      ingest_asked_for = coalesce(job.broadcast_id, d.ingest_asked_for), ingest_claim = ${claim}
    from (
      select d.id, b.id as broadcast_id, s.name from destinations d
      join studios s on s.id = d.studio_id
      left join broadcasts b on b.studio_id = d.studio_id and b.desired = 'live' and d.enabled
      where d.connection_id is not null and ${ofThese} and ${isDue} and (
        (b.id is not null and d.ingest_broadcast_id is distinct from b.id)
        or (b.id is null and d.ingest_broadcast_id is not null and (not d.enabled
          or not exists (select from broadcasts o where o.id = d.ingest_broadcast_id and o.ended_at is null))))
      limit ${limit} for update of d skip locked) job
    where d.id = job.id
    returning d.id as "destinationId", d.account_id as "accountId", d.studio_id as "studioId",
      d.connection_id as "connectionId", job.broadcast_id as "broadcastId", d.ingest_broadcast_id as before,
      job.name as title, d.privacy, d.ingest_attempts as attempts, d.ingest_claim as claim`);
}

/** It stays taken for so long. */
export async function keepClaim(db: Queryable, { destinationId, claim }: IngestJob, forMs: number): Promise<void> {
  await db.query(sql`
    update destinations set ingest_due_at = now() + ${forMs} * interval '1 millisecond'
    where id = ${destinationId} and ingest_claim = ${claim}`);
}

/** It is anybody's again, in so long. */
export async function putOff(db: Queryable, { destinationId, claim }: IngestJob, byMs: number): Promise<void> {
  await db.query(sql`
    update destinations set ingest_due_at = now() + ${byMs} * interval '1 millisecond', ingest_claim = null
    where id = ${destinationId} and ingest_claim = ${claim}`);
}

/** It is anybody's again, in so long, as if nothing had been tried: neither for this show nor before. */
export async function waitForOther(db: Queryable, { destinationId, claim }: IngestJob, byMs: number): Promise<void> {
  await db.query(sql`
    update destinations set ingest_due_at = now() + ${byMs} * interval '1 millisecond', ingest_claim = null,
      ingest_attempts = 0, ingest_broadcast_id = null
    where id = ${destinationId} and ingest_claim = ${claim}`);
}

/**
 * Whether the same account is in a show of another studio, or its platform has still to be told that that is over; or
 * it is the studio's by an older destination, of those from before two of one connection were refused.
 */
export async function isInAnotherShow(
  db: Queryable,
  { accountId, studioId, destinationId, connectionId }: IngestJob,
): Promise<boolean> {
  const rows = await db.query(sql`
    select from destinations
    where account_id = ${accountId} and connection_id = ${connectionId}
      and case when studio_id = ${studioId} then enabled and id < ${destinationId} else ingest_broadcast_id is not null end
    limit 1`);
  return rows.length > 0;
}

/** Whether the same account is on air by another destination: what its platform knows of a show is that one's now. */
export async function isOnAirByAnother(
  db: Queryable,
  { accountId, destinationId, connectionId }: IngestJob,
): Promise<boolean> {
  const rows = await db.query(sql`
    select from destinations d join broadcasts b on b.id = d.ingest_broadcast_id and b.desired = 'live'
    where d.account_id = ${accountId} and d.connection_id = ${connectionId} and d.id <> ${destinationId} and d.enabled
    limit 1`);
  return rows.length > 0;
}

/** Answers whether it still is to be sent there, and to no other show of the same account. The caller holds the studio. */
export async function storeIngest(
  db: Queryable,
  job: IngestJob,
  target: { readonly url: string; readonly sealedKey: string },
): Promise<boolean> {
  const { destinationId, claim, broadcastId, accountId, connectionId } = job;
  // One at a time, so that of two studios that asked at once one comes first.
  await db.query(
    sql`select from connections where account_id = ${accountId} and id = ${connectionId} for no key update`,
  );
  if (await isInAnotherShow(db, job)) return false;
  const stored = await db.query(sql`
    update destinations d set url = ${target.url}, stream_key = ${target.sealedKey}, revision = revision + 1,
      ingest_broadcast_id = ${broadcastId}, ingest_due_at = null, ingest_attempts = 0, ingest_claim = null, updated_at = now()
    where id = ${destinationId} and account_id = ${accountId} and ingest_claim = ${claim}
      and exists (select from broadcasts b where b.id = ${broadcastId} and b.desired = 'live')
    returning id`);
  return stored.length > 0;
}

/** Whether that broadcast still waits for it. */
export async function isWaiting(db: Queryable, { destinationId, claim, broadcastId }: IngestJob): Promise<boolean> {
  const rows = await db.query(sql`
    select from destinations d join broadcasts b on b.id = ${broadcastId} and b.desired = 'live'
    where d.id = ${destinationId} and d.ingest_claim = ${claim} and d.enabled`);
  return rows.length > 0;
}

/**
 * The broadcast before is settled with the platform, or let be. Answers the
 * studios whose shows wait for this account: they need not wait any more.
 */
export async function forgetIngest(
  db: Queryable,
  { destinationId, claim, accountId, connectionId }: IngestJob,
): Promise<readonly string[]> {
  await db.query(sql`
    update destinations set ingest_broadcast_id = null, ingest_due_at = null, ingest_attempts = 0, ingest_claim = null
    where id = ${destinationId} and ingest_claim = ${claim}`);
  const waiting = await db.query<{ studioId: string }>(sql`
    update destinations set ingest_due_at = null
    where account_id = ${accountId} and connection_id = ${connectionId} and ingest_broadcast_id is null
      and ingest_due_at is not null and ingest_claim is null
    returning studio_id as "studioId"`);
  return waiting.map(({ studioId }) => studioId);
}
