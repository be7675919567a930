import type { Queryable } from "@trax/foundation/database";
import sql from "sql-template-tag";

// A connection is the account's own, so its id says whose all of this is.

export type Removed = { readonly id: string; readonly accountId: string; readonly studioId: string };

/** Takes messages back by the platform's ids, here and in the outbox, from where they might be read again. */
export async function removeByPlatformIds(
  tx: Queryable,
  connectionId: string,
  ids: readonly string[],
): Promise<Removed[]> {
  return remove(tx, connectionId, sql`m.platform_message_id = any(${ids})`);
}

/** The same by our ids; of these only what was told of up to `upToSeq`, unless that is null. */
export async function removeByIds(
  tx: Queryable,
  connectionId: string,
  ids: readonly string[],
  upToSeq: number | null,
): Promise<Removed[]> {
  const isOlder =
    upToSeq === null
      ? sql``
      : sql`and not exists (select from events e where e.id = m.event_id and e.seq > ${upToSeq})`;
  return remove(tx, connectionId, sql`m.id = any(${ids}) ${isOlder}`);
}

async function remove(tx: Queryable, connectionId: string, which: ReturnType<typeof sql>): Promise<Removed[]> {
  return tx.query<Removed>(sql`
    with removed as (
      update chat_messages m set deleted = true, text = '', emotes = '[]'
      where m.connection_id = ${connectionId} and not m.deleted and ${which}
      returning id, account_id, studio_id, event_id
    ), told as (
      update events set data = data || '{"deleted": true, "text": "", "emotes": []}'::jsonb
      where id in (select event_id from removed)
    )
    select id, account_id as "accountId", studio_id as "studioId" from removed order by id`);
}

/** Remembers what was taken back, for messages that come later. */
export async function rememberRemoved(tx: Queryable, connectionId: string, ids: readonly string[]): Promise<void> {
  await tx.query(sql`
    insert into chat_removals (connection_id, platform_message_id)
    select ${connectionId}, unnest(${ids}::text[]) on conflict do nothing`);
}

/** What is shown of a connection's chat, or of one author there, below an id: the newest of it, newest first. */
export async function newestShown(
  tx: Queryable,
  connectionId: string,
  of: { readonly authorId: string | null; readonly below: string | null; readonly limit: number },
): Promise<string[]> {
  const shown = sql`connection_id = ${connectionId} and not deleted`;
  // An author's are few, and found by an index that has no order: all of them, whatever the planner makes of a limit.
  const found =
    of.authorId === null
      ? sql`select id from chat_messages where ${shown}`
      : sql`select id from chat_messages where ${shown} and author_id = ${of.authorId} offset 0`;
  const below = of.below === null ? sql`` : sql`where id < ${of.below}`;
  const rows = await tx.query<{ id: string }>(
    sql`select id from (${found}) m ${below} order by id desc limit ${of.limit}`,
  );
  return rows.map(({ id }) => id);
}

/** Which of these an author wrote; null: all of them. */
export async function writtenBy(
  tx: Queryable,
  authorId: string | null,
  ids: readonly string[],
): Promise<readonly string[]> {
  if (authorId === null || ids.length === 0) return ids;
  const rows = await tx.query<{ id: string }>(
    sql`select id from chat_messages where id = any(${ids}) and author_id = ${authorId}`,
  );
  return rows.map(({ id }) => id);
}

/** What of a chat is still to be taken back. */
export type Clearing = {
  readonly id: number;
  readonly connectionId: string;
  readonly platform: string;
  /** Null: whoever wrote it. */
  readonly authorId: string | null;
  readonly below: string;
  readonly upToSeq: number;
};

/** Leaves what lies below an id to whoever clears. The caller holds the reader: what is told of from now on is not meant. */
export async function insertClearing(
  tx: Queryable,
  clearing: Pick<Clearing, "connectionId" | "platform" | "authorId" | "below">,
): Promise<void> {
  const { connectionId, platform, authorId, below } = clearing;
  await tx.query(sql`
    insert into chat_clearings (connection_id, platform, author_id, below, up_to_seq)
    values (${connectionId}, ${platform}, ${authorId}, ${below},
      coalesce(pg_sequence_last_value(pg_get_serial_sequence('events', 'seq')::regclass), 0))`);
  await tx.query(sql`select pg_notify('trax_chat', 'clearings')`);
}

export async function listClearings(db: Queryable): Promise<Pick<Clearing, "id" | "connectionId">[]> {
  return db.query(sql`select id, connection_id as "connectionId" from chat_clearings order by id`);
}

/** Undefined: it is done, or another node is at it. */
export async function holdClearing(tx: Queryable, id: number): Promise<Clearing | undefined> {
  const [row] = await tx.query<Clearing>(sql`
    select id, connection_id as "connectionId", platform, author_id as "authorId", below, up_to_seq as "upToSeq"
    from chat_clearings where id = ${id} for update skip locked`);
  return row;
}

export async function moveClearing(tx: Queryable, id: number, below: string): Promise<void> {
  await tx.query(sql`update chat_clearings set below = ${below} where id = ${id}`);
}

export async function deleteClearing(tx: Queryable, id: number): Promise<void> {
  await tx.query(sql`delete from chat_clearings where id = ${id}`);
}

/** First of all that changes messages: none of these studios is deleted before the transaction ends. */
export async function holdStudiosOf(tx: Queryable, messageIds: readonly string[]): Promise<void> {
  await tx.query(sql`
    select from studios where id in (select studio_id from chat_messages where id = any(${messageIds}))
    order by id for key share`);
}
