import type { Queryable } from "@trax/foundation/database";
import { newId } from "@trax/foundation/ids";
import type { PreparedEvent } from "../../kernel/events.ts";
import { settleRemoved } from "./delivery.ts";
import * as rows from "./removal-sql.ts";
import type { Clearing, Removed } from "./removal-sql.ts";

/** Messages that one transaction takes back; what is more is left to others (`clearing.ts`). */
export const mostAtOnce = 1_000;
/** Ids in one event. */
const mostIds = 200;

export type Chat = { readonly connectionId: string; readonly platform: string };

/** Which messages of a connection are taken back. */
export type Removal =
  | { readonly of: "messages"; readonly ids: readonly string[] }
  | { readonly of: "author"; readonly id: string }
  | { readonly of: "all" };

/**
 * Takes messages back in the transaction that stores what a platform tells, and
 * answers the events that say so: of very many, the newest.
 *
 * @param pending events of this transaction that are still to be appended; what is taken back of them has no text any more
 */
export async function takeBack(
  tx: Queryable,
  chat: Chat,
  removal: Removal,
  pending: PreparedEvent[],
): Promise<PreparedEvent[]> {
  const { connectionId } = chat;
  const removed =
    removal.of === "messages"
      ? await rows.removeByPlatformIds(tx, connectionId, removal.ids)
      : await takeNewest(tx, chat, removal.of === "author" ? removal.id : null, pending);
  const ids = new Set(removed.map(({ id }) => id));
  for (const [index, event] of pending.entries())
    if (event.type === "chat.message" && ids.has(String(event.data["id"])))
      pending[index] = { ...event, data: { ...event.data, deleted: true, text: "", emotes: [] } };
  const events = removedEvents(chat, removed);
  if (removal.of !== "messages") return events;
  await rows.rememberRemoved(tx, connectionId, removal.ids);
  return [...events, ...(await settleRemoved(tx, connectionId, removal.ids))];
}

async function takeNewest(
  tx: Queryable,
  { connectionId, platform }: Chat,
  authorId: string | null,
  pending: readonly PreparedEvent[],
): Promise<Removed[]> {
  const newest = await rows.newestShown(tx, connectionId, { authorId, below: null, limit: mostAtOnce });
  const last = newest.at(-1);
  await rows.holdStudiosOf(tx, newest);
  if (newest.length < mostAtOnce || last === undefined) return rows.removeByIds(tx, connectionId, newest, null);
  await rows.insertClearing(tx, { connectionId, platform, authorId, below: last });
  // What came in this very transaction is told of after it: it has to go now.
  const own = pending.filter(({ type }) => type === "chat.message").map(({ data }) => String(data["id"]));
  const meant = await rows.writtenBy(tx, authorId, own);
  return rows.removeByIds(tx, connectionId, [...newest, ...meant], null);
}

/** Takes the next piece back, the clearing with it where that was the last; answers the events that say so. */
export async function takeNextPiece(tx: Queryable, clearing: Clearing): Promise<PreparedEvent[]> {
  const { id, connectionId, authorId, below, upToSeq } = clearing;
  const next = await rows.newestShown(tx, connectionId, { authorId, below, limit: mostAtOnce });
  await rows.holdStudiosOf(tx, next);
  const removed = await rows.removeByIds(tx, connectionId, next, upToSeq);
  const last = next.at(-1);
  if (next.length < mostAtOnce || last === undefined) await rows.deleteClearing(tx, id);
  else await rows.moveClearing(tx, id, last);
  return removedEvents(clearing, removed);
}

/** That messages were taken back, a studio's together. */
export function removedEvents({ connectionId, platform }: Chat, removed: readonly Removed[]): PreparedEvent[] {
  const byStudio = Map.groupBy(removed, ({ studioId }) => studioId);
  return [...byStudio].flatMap(([studioId, those]) =>
    Array.from({ length: Math.ceil(those.length / mostIds) }, (_, chunk): PreparedEvent => ({
      id: newId("event"),
      accountId: those[0]?.accountId ?? "",
      studioId,
      type: "chat.messages_deleted",
      data: {
        connectionId,
        platform,
        messageIds: those.slice(chunk * mostIds, (chunk + 1) * mostIds).map(({ id }) => id),
      },
    })),
  );
}
