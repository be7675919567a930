import sql from "sql-template-tag";
import type { EventEnvelope, EventType } from "@trax/contract";
import type { Queryable } from "@trax/foundation/database";
import { newId } from "@trax/foundation/ids";

/**
 * The outbox. A row is written in the transaction that changes what it tells of.
 *
 * Why a reader that remembers the last `seq` it saw of a studio neither skips
 * nor repeats: a trigger (migration 0002) takes a lock on the studio before it
 * draws `seq`, and holds it until the transaction ends. So of one studio's
 * events, a higher `seq` is drawn only after every lower one has committed or
 * rolled back; whoever sees a row sees all below it, for good. Without the lock
 * a transaction could draw 5, another draw 6 and commit first, and a reader at
 * 6 would never see 5. Across studios `seq` promises nothing: a reader of all of
 * them must also hold back rows with `xid >= pg_snapshot_xmin(pg_current_snapshot())`
 * and order by xid.
 *
 * The trigger notifies `trax_events` with the studio's id, too, so that any
 * writer (the media agent is another process) needs no more than an insert.
 * Append last in a transaction: the lock then is short, and no cycle of locks
 * can come of it.
 */
export type NewEvent = {
  readonly accountId: string;
  readonly studioId: string | null;
  readonly type: EventType;
  readonly data: Readonly<Record<string, unknown>>;
};

/** Writes one event into the caller's transaction and answers its id. */
export async function appendEvent(tx: Queryable, event: NewEvent): Promise<string> {
  const id = newId("event");
  await tx.query(sql`
    insert into events (id, account_id, studio_id, type, data)
    values (${id}, ${event.accountId}, ${event.studioId}, ${event.type}, ${JSON.stringify(event.data)}::jsonb)`);
  return id;
}

/** One of many: its id is known beforehand, so that what it tells of can name it. */
export type PreparedEvent = NewEvent & { readonly id: string; readonly studioId: string };

/** Writes many in one statement, each studio's in their order. Sorted by studio, so that no two who do it wait for each other. */
export async function appendEvents(tx: Queryable, events: readonly PreparedEvent[]): Promise<void> {
  if (events.length === 0) return;
  const sorted = events.toSorted((a, b) => (a.studioId < b.studioId ? -1 : a.studioId > b.studioId ? 1 : 0));
  await tx.query(sql`
    insert into events (id, account_id, studio_id, type, data)
    select id, account_id, studio_id, type, data::jsonb
    from unnest(
      ${sorted.map(({ id }) => id)}::text[], ${sorted.map(({ accountId }) => accountId)}::text[],
      ${sorted.map(({ studioId }) => studioId)}::text[], ${sorted.map(({ type }) => type)}::text[],
      ${sorted.map(({ data }) => JSON.stringify(data))}::text[]
    ) with ordinality as e(id, account_id, studio_id, type, data, n)
    order by n`);
}

export type StoredEvent = { readonly seq: number; readonly envelope: EventEnvelope };

type EventRow = {
  seq: number;
  id: string;
  type: EventType;
  account_id: string;
  studio_id: string | null;
  data: Record<string, unknown>;
  created_at: Date;
};

/** The studio's events after `afterSeq`, oldest first, at most `limit`, of these types only. */
export async function readEvents(
  db: Queryable,
  of: {
    readonly accountId: string;
    readonly studioId: string;
    readonly afterSeq: number;
    readonly types: readonly EventType[];
    readonly limit: number;
  },
): Promise<StoredEvent[]> {
  const rows = await db.query<EventRow>(sql`
    select seq, id, type, account_id, studio_id, data, created_at from events
    where account_id = ${of.accountId} and studio_id = ${of.studioId} and seq > ${of.afterSeq} and type = any(${of.types})
    order by seq limit ${of.limit}`);
  return rows.map(storedOf);
}

/** The same of all types, for who gives each its own. */
export async function readStudioEvents(
  db: Queryable,
  of: { readonly accountId: string; readonly studioId: string; readonly afterSeq: number; readonly limit: number },
): Promise<StoredEvent[]> {
  const rows = await db.query<EventRow>(sql`
    select seq, id, type, account_id, studio_id, data, created_at from events
    where account_id = ${of.accountId} and studio_id = ${of.studioId} and seq > ${of.afterSeq}
    order by seq limit ${of.limit}`);
  return rows.map(storedOf);
}

function storedOf(row: EventRow): StoredEvent {
  return {
    seq: row.seq,
    envelope: {
      id: row.id,
      type: row.type,
      createdAt: row.created_at.toISOString(),
      accountId: row.account_id,
      studioId: row.studio_id,
      data: row.data,
    },
  };
}

/** Where an event stands in its studio's outbox; null when it is not that studio's. */
export async function seqOf(
  db: Queryable,
  eventId: string,
  of: { readonly accountId: string; readonly studioId: string },
): Promise<number | null> {
  const [row] = await db.query<{ seq: number }>(
    sql`select seq from events where id = ${eventId} and account_id = ${of.accountId} and studio_id = ${of.studioId}`,
  );
  return row?.seq ?? null;
}

/** The position after everything there is of the studio: where one starts who asks for what comes next. */
export async function lastSeq(
  db: Queryable,
  of: { readonly accountId: string; readonly studioId: string },
): Promise<number> {
  const [row] = await db.query<{ seq: number }>(
    sql`select coalesce(max(seq), 0)::int8 as seq from events where account_id = ${of.accountId} and studio_id = ${of.studioId}`,
  );
  return row?.seq ?? 0;
}
