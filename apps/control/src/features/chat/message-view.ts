import type { ChatMessage } from "@trax/contract";
import type { MessageRow } from "./message-sql.ts";

/** A message as the API and its events give it. */
export function messageOf(row: MessageRow): ChatMessage {
  return {
    ...row,
    deliveries: [...row.deliveries],
    sentAt: row.sentAt.toISOString(),
    receivedAt: row.receivedAt.toISOString(),
  };
}
