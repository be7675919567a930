import sql from "sql-template-tag";
import type { ConnectionStatus } from "@trax/contract";
import type { Queryable } from "@trax/foundation/database";
import { appendEvent } from "../../kernel/events.ts";

export type ConnectionChange = {
  readonly connectionId: string;
  readonly platform: string;
  readonly accountName: string;
  /** `deleted`: it is not linked any more. */
  readonly status: ConnectionStatus | "deleted";
  readonly reason: string | null;
};

/**
 * Tells of a change, last in the transaction that makes it: each studio that has
 * a destination made from it, or it in its chat, since events are followed studio
 * by studio; where none has, the account. And wakes whoever works for connections on any node.
 */
export async function tellChanged(
  tx: Queryable,
  accountId: string,
  change: ConnectionChange,
  studios?: readonly string[],
): Promise<void> {
  const using = studios ?? (await studiosOf(tx, accountId, change.connectionId));
  await tx.query(sql`select pg_notify(${channel}, ${change.connectionId})`);
  for (const studioId of using.length === 0 ? [null] : using)
    await appendEvent(tx, { accountId, studioId, type: "connection.changed", data: change });
}

/** Payload: a connection's id. It, or what is to be done for it, has changed. */
export const channel = "trax_connections";

/** In the order in which their rows are held. */
export async function studiosOf(db: Queryable, accountId: string, connectionId: string): Promise<string[]> {
  const rows = await db.query<{ id: string }>(sql`
    select studio_id as id from destinations where account_id = ${accountId} and connection_id = ${connectionId}
    union
    select studio_id from chat_platforms where account_id = ${accountId} and connection_id = ${connectionId}
    order by 1`);
  return rows.map(({ id }) => id);
}
