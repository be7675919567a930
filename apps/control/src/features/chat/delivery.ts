import type { Queryable } from "@trax/foundation/database";
import { newId } from "@trax/foundation/ids";
import type { PreparedEvent } from "../../kernel/events.ts";
import * as rows from "./delivery-sql.ts";
import type { Outcome } from "./delivery-sql.ts";
import { findMessage } from "./message-sql.ts";
import { messageOf } from "./message-view.ts";

/**
 * Writes what became of a delivery; the event, to be appended last, shows the
 * message as it is then. None where nothing changed.
 *
 * @param holder Only what this sender still has in its hands (empty: what nobody has); null: in any case.
 */
export async function settle(
  tx: Queryable,
  delivery: { readonly messageId: string; readonly connectionId: string },
  outcome: Outcome,
  holder: string | null,
): Promise<PreparedEvent[]> {
  const held = await rows.holdMessage(tx, delivery.messageId);
  if (held === undefined || !(await rows.writeOutcome(tx, delivery, outcome, holder))) return [];
  const message = await findMessage(tx, held.accountId, held.studioId, delivery.messageId);
  if (message === undefined) return [];
  return [{ id: newId("event"), ...held, type: "chat.message_updated", data: messageOf(message) }];
}

/** A message came back from a platform although its answer was lost: it was sent after all. */
export async function settleEchoed(tx: Queryable, messageId: string, connectionId: string): Promise<PreparedEvent[]> {
  if (!(await rows.isProvenByEcho(tx, messageId, connectionId))) return [];
  return settle(tx, { messageId, connectionId }, { status: "sent", error: null }, null);
}

/** The platform took back what was sent from here. */
export async function settleRemoved(
  tx: Queryable,
  connectionId: string,
  platformMessageIds: readonly string[],
): Promise<PreparedEvent[]> {
  const error = { code: "removed", message: "The platform took it back.", at: new Date().toISOString() } as const;
  const events: PreparedEvent[] = [];
  for (const { messageId } of await rows.deliveriesOf(tx, connectionId, platformMessageIds))
    events.push(...(await settle(tx, { messageId, connectionId }, { status: "refused", error }, null)));
  return events;
}
