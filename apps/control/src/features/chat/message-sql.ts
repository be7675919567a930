import type { ChatDelivery, ChatError, ChatMessage } from "@trax/contract";
import type { Queryable } from "@trax/foundation/database";
import { firstId } from "@trax/foundation/ids";
import sql from "sql-template-tag";

export type MessageRow = {
  readonly id: string;
  readonly studioId: string;
  readonly platform: string | null;
  readonly connectionId: string | null;
  readonly author: ChatMessage["author"];
  readonly text: string;
  readonly emotes: ChatMessage["emotes"];
  readonly replyTo: string | null;
  readonly sentAt: Date;
  readonly receivedAt: Date;
  readonly direction: ChatMessage["direction"];
  readonly deleted: boolean;
  readonly deliveries: readonly ChatDelivery[];
};

const columns = sql`
  m.id, m.studio_id as "studioId", m.platform, m.connection_id as "connectionId", m.author, m.text, m.emotes,
  m.reply_to as "replyTo", m.sent_at as "sentAt", m.received_at as "receivedAt", m.direction, m.deleted,
  case when m.direction = 'in' then '[]'::jsonb else coalesce((
    select jsonb_agg(jsonb_build_object('connectionId', d.connection_id, 'platform', d.platform, 'status', d.status, 'error', d.error)
      order by d.connection_id)
    from chat_deliveries d where d.message_id = m.id), '[]'::jsonb) end as deliveries`;

/** The studio's messages below an id, newest first. */
export async function listMessages(
  db: Queryable,
  accountId: string,
  studioId: string,
  page: {
    readonly below: string | null;
    readonly limit: number;
    readonly platform: string | null;
    readonly since: Date | null;
  },
): Promise<MessageRow[]> {
  const below = page.below === null ? sql`` : sql`and m.id < ${page.below}`;
  const since = page.since === null ? sql`` : sql`and m.id >= ${firstId("message", page.since)}`;
  const within = sql`m.account_id = ${accountId} and m.studio_id = ${studioId} ${below} ${since}`;
  const newest = sql`order by m.id desc limit ${page.limit}`;
  if (page.platform === null) {
    return db.query<MessageRow>(sql`select ${columns} from chat_messages m where ${within} ${newest}`);
  }
  // Two walks along an index, so that a quiet platform is found beside a busy one.
  return db.query<MessageRow>(sql`
    select ${columns} from (
      (select m.* from chat_messages m where ${within} and m.platform = ${page.platform} ${newest})
      union all
      (select m.* from chat_messages m where ${within} and m.platform is null
        and exists (select from chat_deliveries d where d.message_id = m.id and d.platform = ${page.platform}) ${newest})
    ) m ${newest}`);
}

export async function findMessage(
  db: Queryable,
  accountId: string,
  studioId: string,
  messageId: string,
): Promise<MessageRow | undefined> {
  const [row] = await db.query<MessageRow>(sql`
    select ${columns} from chat_messages m
    where m.account_id = ${accountId} and m.studio_id = ${studioId} and m.id = ${messageId}`);
  return row;
}

export async function insertSent(
  db: Queryable,
  accountId: string,
  studioId: string,
  given: {
    readonly id: string;
    readonly eventId: string;
    readonly author: ChatMessage["author"];
    readonly text: string;
    readonly replyTo: string | null;
  },
): Promise<void> {
  await db.query(sql`
    insert into chat_messages (id, account_id, studio_id, direction, author_id, author, text, reply_to, sent_at, event_id)
    values (${given.id}, ${accountId}, ${studioId}, 'out', ${given.author.id}, ${JSON.stringify(given.author)}::jsonb,
      ${given.text}, ${given.replyTo}, now(), ${given.eventId})`);
}

/** What waits to be sent by connection, of these. */
export async function queueLengths(
  db: Queryable,
  accountId: string,
  connectionIds: readonly string[],
): Promise<ReadonlyMap<string, number>> {
  const rows = await db.query<{ connectionId: string; waiting: number }>(sql`
    select d.connection_id as "connectionId", count(*)::int8 as waiting
    from chat_deliveries d join connections c on c.id = d.connection_id
    where c.account_id = ${accountId} and d.status = 'pending' and d.connection_id = any(${connectionIds})
    group by 1`);
  return new Map(rows.map((row) => [row.connectionId, row.waiting]));
}

export type NewDelivery = {
  readonly connectionId: string;
  readonly platform: string;
  /** How many messages it takes there. */
  readonly parts: number;
  /** Null: to be sent. */
  readonly refused: ChatError | null;
};

/** The message is the account's, in the caller's transaction. */
export async function insertDeliveries(
  db: Queryable,
  _accountId: string,
  messageId: string,
  deliveries: readonly NewDelivery[],
): Promise<void> {
  const rows = deliveries.map(({ connectionId, platform, parts, refused }) => ({
    connection_id: connectionId,
    platform,
    parts,
    status: refused === null ? "pending" : "refused",
    error: refused,
  }));
  await db.query(sql`
    insert into chat_deliveries (message_id, connection_id, platform, parts, status, error)
    select ${messageId}, connection_id, platform, parts, status, error
    from jsonb_to_recordset(${JSON.stringify(rows)}::jsonb) as r(
      connection_id text, platform text, parts int, status text, error jsonb)`);
  await db.query(sql`select pg_notify('trax_chat', 'deliveries')`);
}
