import type { Queryable } from "@trax/foundation/database";
import sql from "sql-template-tag";

/** A part of a message sent from here. */
export type Part = {
  readonly messageId: string;
  readonly part: number;
  readonly studioId: string;
  readonly text: string;
  readonly platformMessageId: string | null;
  readonly echoed: boolean;
};

const echoSeconds = 60;

/** The parts that these messages may be the echo of: by the platform's ids, or sent so lately that their text may tell. Oldest first. */
export async function partsThatMayEcho(tx: Queryable, connectionId: string, ids: readonly string[]): Promise<Part[]> {
  return tx.query<Part>(sql`
    select message_id as "messageId", part, studio_id as "studioId", text,
      platform_message_id as "platformMessageId", echoed
    from chat_parts
    where connection_id = ${connectionId} and (platform_message_id = any(${ids})
      or (platform_message_id is null and not echoed and created_at > now() - make_interval(secs => ${echoSeconds})))
    order by created_at, message_id, part`);
}

/** The platform showed this part: it arrived, whatever became of its answer. */
export async function markEchoed(
  tx: Queryable,
  connectionId: string,
  { messageId, part }: Part,
  platformMessageId: string,
): Promise<void> {
  await tx.query(sql`
    update chat_parts set echoed = true, platform_message_id = coalesce(platform_message_id, ${platformMessageId})
    where message_id = ${messageId} and connection_id = ${connectionId} and part = ${part}`);
}
