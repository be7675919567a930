import type { Queryable } from "@trax/foundation/database";
import type { PreparedEvent } from "../../kernel/events.ts";
import type { IncomingMessage } from "./clean.ts";
import { settleEchoed } from "./delivery.ts";
import { markEchoed, partsThatMayEcho } from "./echo-sql.ts";
import type { Part } from "./echo-sql.ts";

/** What came back of what was sent from here. */
export type Echoes = {
  /** `studio platform-message-id` of those that are shown already, as what was sent. */
  readonly shown: ReadonlySet<string>;
  readonly events: readonly PreparedEvent[];
};

/**
 * Platforms show us our own messages. One is known by the platform's id where
 * its answer has come; before that, or where the platform gives none, by our own
 * account having written this very text within the minute. The echo is also proof
 * that it arrived, where the answer was lost.
 */
export async function findEchoes(
  tx: Queryable,
  chat: { readonly connectionId: string; readonly platformUserId: string },
  messages: readonly IncomingMessage[],
): Promise<Echoes> {
  const ids = messages.map(({ platformMessageId }) => platformMessageId);
  const parts = await partsThatMayEcho(tx, chat.connectionId, ids);
  const shown = new Set<string>();
  const events: PreparedEvent[] = [];
  if (parts.length === 0) return { shown, events };
  const left = new Set(parts);
  for (const message of messages) {
    const part = partOf(left, message, chat.platformUserId);
    if (part === null) continue;
    left.delete(part);
    shown.add(`${part.studioId} ${message.platformMessageId}`);
    if (part.echoed) continue;
    await markEchoed(tx, chat.connectionId, part, message.platformMessageId);
    events.push(...(await settleEchoed(tx, part.messageId, chat.connectionId)));
  }
  return { shown, events };
}

function partOf(parts: ReadonlySet<Part>, message: IncomingMessage, ourselves: string): Part | null {
  for (const part of parts) if (part.platformMessageId === message.platformMessageId) return part;
  const isOurs = message.author.platformUserId === ourselves;
  if (!isOurs && message.isPerhapsOurs !== true) return null;
  const form = isOurs ? comparable : withoutMarks;
  for (const part of parts) if (part.platformMessageId === null && form(part.text) === form(message.text)) return part;
  return null;
}

/** Platforms trim, and join spaces. */
function comparable(text: string): string {
  return text.replaceAll(/\s+/g, " ").trim();
}

/** What is left where a platform took the marks for its markup, as in `**so**`. */
function withoutMarks(text: string): string {
  const left = text.replaceAll(/[\s!-/:-@[-`{-~]/g, "");
  return left === "" ? comparable(text) : left;
}
