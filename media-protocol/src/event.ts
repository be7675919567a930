import sql from "sql-template-tag";
import { newId } from "@trax/foundation/ids";
import type { Queryable } from "@trax/foundation/database";

export type MediaEventType =
  | "stream.live"
  | "stream.offline"
  | "source.status_changed"
  | "destination.status_changed"
  | "program.slate"
  | "recording.status_changed"
  | "media.ready"
  | "media.failed";

/** Appends to the outbox, in the transaction that changes what the event tells of; a trigger there tells who listens. */
export async function appendMediaEvent(
  tx: Queryable,
  event: {
    readonly accountId: string;
    /** Null: it is no studio's. */
    readonly studioId: string | null;
    readonly type: MediaEventType;
    readonly data: object;
  },
): Promise<void> {
  await tx.query(sql`
    insert into events (id, account_id, studio_id, type, data)
    values (${newId("event")}, ${event.accountId}, ${event.studioId}, ${event.type}, ${JSON.stringify(event.data)})`);
}
