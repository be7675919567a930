import type { ChatError } from "@trax/contract";
import type { Queryable } from "@trax/foundation/database";
import sql from "sql-template-tag";

/** A delivery this node sends now, and nobody else. */
export type Claim = {
  readonly messageId: string;
  readonly connectionId: string;
  readonly platform: string;
  readonly accountId: string;
  readonly studioId: string;
  readonly text: string;
  /** The platform's id of what it answers, where it knows that one. */
  readonly replyTo: string | null;
  readonly partsSent: number;
  readonly attempts: number;
};

/** So long one part may take before it counts as lost with whoever sent it, s. Longer than its deadline. */
const inFlightSeconds = 30;

/** A message that could not be sent for so long is not wanted any more, s. */
const patienceSeconds = 300;

/** Of each connection the oldest that waits, where nothing of that connection is under way: they go out in their order. */
export async function claimDeliveries(db: Queryable, holder: string, limit: number): Promise<Claim[]> {
  return db.query<Claim>(sql`
    with oldest as (
      select distinct on (connection_id) connection_id, message_id, not_before, sending_until
      from chat_deliveries where status = 'pending' order by connection_id, message_id
    ), heads as (
      select connection_id, message_id from oldest
      where sending_until is null and (not_before is null or not_before <= now()) order by message_id limit ${limit}
    )
    update chat_deliveries d
    set sending_by = ${holder}, sending_until = now() + make_interval(secs => ${inFlightSeconds}), attempts = attempts + 1
    from heads h join chat_messages m on m.id = h.message_id
    where d.message_id = h.message_id and d.connection_id = h.connection_id
      and d.status = 'pending' and d.sending_until is null
    returning d.message_id as "messageId", d.connection_id as "connectionId", d.platform, m.account_id as "accountId",
      m.studio_id as "studioId", m.text, d.parts_sent as "partsSent", d.attempts,
      coalesce(
        (select a.platform_message_id from chat_messages a where a.id = m.reply_to and a.connection_id = d.connection_id),
        (select a.platform_message_id from chat_parts a
          where a.message_id = m.reply_to and a.connection_id = d.connection_id and a.part = 0)
      ) as "replyTo"`);
}

/** Before each part is handed to the platform: its echo may come before its answer. False: it is not ours any more. */
export async function beginPart(
  db: Queryable,
  holder: string,
  claim: Claim,
  part: number,
  text: string,
): Promise<boolean> {
  const rows = await db.query(sql`
    with held as (
      update chat_deliveries set sending_until = now() + make_interval(secs => ${inFlightSeconds})
      where message_id = ${claim.messageId} and connection_id = ${claim.connectionId}
        and sending_by = ${holder} and status = 'pending' and sending_until > now()
      returning message_id, connection_id
    )
    insert into chat_parts (message_id, connection_id, part, studio_id, text)
    select message_id, connection_id, ${part}, ${claim.studioId}, ${text} from held
    on conflict (message_id, connection_id, part) do update set created_at = now()
    returning part`);
  return rows.length > 0;
}

/** The platform took a part. */
export async function writePartSent(
  tx: Queryable,
  claim: Claim,
  part: number,
  platformMessageId: string | null,
): Promise<void> {
  await tx.query(sql`
    update chat_parts set platform_message_id = coalesce(${platformMessageId}, platform_message_id)
    where message_id = ${claim.messageId} and connection_id = ${claim.connectionId} and part = ${part}`);
  await tx.query(sql`
    update chat_deliveries set parts_sent = greatest(parts_sent, ${part + 1})
    where message_id = ${claim.messageId} and connection_id = ${claim.connectionId}`);
}

/** What was taken for somebody's message and is our own, as its answer tells now: it goes. */
export async function dropEcho(
  tx: Queryable,
  claim: Claim,
  platformMessageId: string,
): Promise<{ readonly id: string; readonly accountId: string; readonly studioId: string }[]> {
  return tx.query(sql`
    delete from chat_messages
    where connection_id = ${claim.connectionId} and platform_message_id = ${platformMessageId}
      and account_id = ${claim.accountId} and studio_id = ${claim.studioId}
    returning id, account_id as "accountId", studio_id as "studioId"`);
}

/** First in a transaction that changes a delivery, so that what its event shows is the last word. */
export async function holdMessage(
  tx: Queryable,
  messageId: string,
): Promise<{ readonly accountId: string; readonly studioId: string } | undefined> {
  const [row] = await tx.query<{ accountId: string; studioId: string }>(sql`
    select account_id as "accountId", studio_id as "studioId" from chat_messages
    where id = ${messageId} for no key update`);
  return row;
}

export type Outcome = {
  readonly status: "sent" | "failed" | "refused";
  readonly error: ChatError | null;
};

/** Where `holder` is given, only what that one still sends (empty: nobody). Answers whether it changed anything. */
export async function writeOutcome(
  tx: Queryable,
  delivery: Pick<Claim, "messageId" | "connectionId">,
  outcome: Outcome,
  holder: string | null,
): Promise<boolean> {
  const own = holder === null ? sql`` : sql`and coalesce(sending_by, '') = ${holder} and status = 'pending'`;
  const rows = await tx.query(sql`
    update chat_deliveries set status = ${outcome.status}, error = ${JSON.stringify(outcome.error)}::jsonb,
      sending_by = null, sending_until = null
    where message_id = ${delivery.messageId} and connection_id = ${delivery.connectionId} ${own}
    returning message_id`);
  return rows.length > 0;
}

/** Nothing was sent: it may be tried again. */
export async function putBack(db: Queryable, holder: string, claim: Claim, afterMs: number): Promise<void> {
  await db.query(sql`
    update chat_deliveries set sending_by = null, sending_until = null,
      not_before = now() + make_interval(secs => ${afterMs / 1_000})
    where message_id = ${claim.messageId} and connection_id = ${claim.connectionId}
      and sending_by = ${holder} and status = 'pending'`);
}

export type Overdue = {
  readonly messageId: string;
  readonly connectionId: string;
  /** Empty: it was never begun, or was put back. */
  readonly holder: string;
  /** Whether the platform has shown all of it. */
  readonly echoed: boolean;
};

/** Those whose sender died with them in its hands, and those that waited too long. */
export async function overdueDeliveries(db: Queryable): Promise<Overdue[]> {
  return db.query<Overdue>(sql`
    select message_id as "messageId", connection_id as "connectionId", coalesce(sending_by, '') as holder,
      parts = (select count(*) from chat_parts p
        where p.message_id = d.message_id and p.connection_id = d.connection_id and p.echoed) as echoed
    from chat_deliveries d
    where status = 'pending' and (sending_until < now()
      or (sending_until is null and created_at < now() - make_interval(secs => ${patienceSeconds})))
    limit 100`);
}

/** Whether a delivery that counts as failed, since its answer was lost, has been shown by the platform in full. */
export async function isProvenByEcho(tx: Queryable, messageId: string, connectionId: string): Promise<boolean> {
  const rows = await tx.query(sql`
    select from chat_deliveries d
    where message_id = ${messageId} and connection_id = ${connectionId} and status = 'failed'
      and error->>'code' in ('interrupted', 'timed_out', 'unavailable')
      and parts = (select count(*) from chat_parts p
        where p.message_id = d.message_id and p.connection_id = d.connection_id and p.echoed)`);
  return rows.length > 0;
}

/** Deliveries of what a platform took back. */
export async function deliveriesOf(
  tx: Queryable,
  connectionId: string,
  ids: readonly string[],
): Promise<{ readonly messageId: string }[]> {
  return tx.query<{ messageId: string }>(sql`
    select distinct message_id as "messageId" from chat_parts
    where connection_id = ${connectionId} and platform_message_id = any(${ids}) order by 1`);
}
