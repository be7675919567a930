import type { ChatMessage } from "@trax/contract";
import type { Queryable } from "@trax/foundation/database";
import sql from "sql-template-tag";
import { isActive } from "./platform-sql.ts";

/**
 * What stores what a platform told. A connection is the account's own, so its id
 * says whose all of this is; what is given to a studio goes by `chat_platforms`.
 */
export type HeldReader = { readonly holder: string | null; readonly platform: string; readonly platformUserId: string };

/** First in every transaction that stores something of a connection's chat: one at a time. Undefined: it is gone. */
export async function holdReader(tx: Queryable, connectionId: string): Promise<HeldReader | undefined> {
  const [row] = await tx.query<HeldReader>(sql`
    select r.holder, c.platform, c.platform_user_id as "platformUserId"
    from chat_readers r join connections c on c.id = r.connection_id
    where r.connection_id = ${connectionId} for no key update of r`);
  return row;
}

export async function writeCursor(tx: Queryable, connectionId: string, cursor: string): Promise<void> {
  await tx.query(sql`update chat_readers set cursor = ${cursor} where connection_id = ${connectionId}`);
}

export type Target = { readonly accountId: string; readonly studioId: string };

/** The studios that are given it now. None of them is deleted before the transaction ends. */
export async function activeStudios(tx: Queryable, connectionId: string): Promise<Target[]> {
  return tx.query<Target>(sql`
    select s.account_id as "accountId", s.id as "studioId"
    from chat_platforms p join studios s on s.id = p.studio_id
    where p.connection_id = ${connectionId} and ${isActive}
    order by s.id for key share of s`);
}

/** Of these ids, those that were taken back before they came. */
export async function removedAmong(
  tx: Queryable,
  connectionId: string,
  ids: readonly string[],
): Promise<ReadonlySet<string>> {
  const rows = await tx.query<{ id: string }>(sql`
    select platform_message_id as id from chat_removals
    where connection_id = ${connectionId} and platform_message_id = any(${ids})`);
  return new Set(rows.map(({ id }) => id));
}

export type KnownMessage = { readonly platformMessageId: string; readonly studioId: string; readonly id: string };

/** Messages of this connection by the platform's ids: those that came, and those sent from here. */
export async function knownAmong(tx: Queryable, connectionId: string, ids: readonly string[]): Promise<KnownMessage[]> {
  return tx.query<KnownMessage>(sql`
    select platform_message_id as "platformMessageId", studio_id as "studioId", id from chat_messages
      where connection_id = ${connectionId} and platform_message_id = any(${ids})
    union all
    select platform_message_id, studio_id, message_id from chat_parts
      where connection_id = ${connectionId} and platform_message_id = any(${ids})`);
}

export type NewMessage = {
  readonly id: string;
  readonly eventId: string;
  readonly accountId: string;
  readonly studioId: string;
  readonly platform: string;
  readonly connectionId: string;
  readonly platformMessageId: string;
  readonly author: ChatMessage["author"];
  readonly text: string;
  readonly emotes: ChatMessage["emotes"];
  readonly replyTo: string | null;
  readonly sentAt: string;
  readonly receivedAt: string;
  readonly deleted: boolean;
};

/** Answers the ids of those that were not there before. */
export async function insertMessages(tx: Queryable, messages: readonly NewMessage[]): Promise<ReadonlySet<string>> {
  const rows = await tx.query<{ id: string }>(sql`
    insert into chat_messages (id, account_id, studio_id, direction, platform, connection_id, platform_message_id,
      author_id, author, text, emotes, reply_to, sent_at, received_at, deleted, event_id)
    select id, "accountId", "studioId", 'in', platform, "connectionId", "platformMessageId",
      author->>'id', author, text, emotes, "replyTo", "sentAt", "receivedAt", deleted, "eventId"
    from jsonb_to_recordset(${JSON.stringify(messages)}::jsonb) as r(
      id text, "eventId" text, "accountId" text, "studioId" text, platform text, "connectionId" text,
      "platformMessageId" text, author jsonb, text text, emotes jsonb, "replyTo" text, "sentAt" timestamptz,
      "receivedAt" timestamptz, deleted boolean)
    on conflict do nothing returning id`);
  return new Set(rows.map(({ id }) => id));
}

/** Whether a platform's delivery is posted for the first time. */
export async function noteWebhook(tx: Queryable, platform: string, deliveryId: string): Promise<boolean> {
  const rows = await tx.query(sql`
    insert into chat_webhook_deliveries (platform, delivery_id) values (${platform}, ${deliveryId})
    on conflict do nothing returning delivery_id`);
  return rows.length > 0;
}

/** The connections of whoever a platform posted about. */
export async function connectionsOf(db: Queryable, platform: string, platformUserId: string): Promise<string[]> {
  const rows = await db.query<{ id: string }>(sql`
    select c.id from connections c join chat_readers r on r.connection_id = c.id
    where c.platform = ${platform} and c.platform_user_id = ${platformUserId} and c.status <> 'needs_relink' order by c.id`);
  return rows.map(({ id }) => id);
}
