import type { ChatMessage } from "@trax/contract";
import type { Database, Queryable } from "@trax/foundation/database";
import { newId } from "@trax/foundation/ids";
import { appendEvents } from "../../kernel/events.ts";
import type { PreparedEvent } from "../../kernel/events.ts";
import type { ChatUpdate } from "../connections/index.ts";
import { cleanUpdate } from "./clean.ts";
import type { IncomingMessage } from "./clean.ts";
import { findEchoes } from "./echo.ts";
import * as rows from "./intake-sql.ts";
import type { NewMessage } from "./intake-sql.ts";
import { takeBack } from "./taking-back.ts";
import type { Chat, Removal } from "./taking-back.ts";

/** The reader lost its lease, or its connection is gone: nothing was stored. */
export class NotTheReader extends Error {
  constructor() {
    super("another node reads this chat now");
    this.name = "NotTheReader";
  }
}

/**
 * Stores what a platform told of a connection's chat, and its events, all or
 * nothing, each message once however often it is told.
 */
export async function storeRead(
  database: Database,
  reader: { readonly connectionId: string; readonly holder: string },
  updates: readonly ChatUpdate[],
  cursor: string | null,
): Promise<void> {
  const { connectionId } = reader;
  await database.transaction(async (tx) => {
    const held = await rows.holdReader(tx, connectionId);
    if (held === undefined || held.holder !== reader.holder) throw new NotTheReader();
    if (cursor !== null) await rows.writeCursor(tx, connectionId, cursor);
    await apply(tx, { ...held, connectionId }, updates);
  });
}

/** The same for what a platform posted to us, to whichever node; a delivery that was posted before is nothing new. */
export async function storePosted(
  database: Database,
  posted: {
    readonly platform: string;
    readonly deliveryId: string;
    readonly platformUserId: string;
    readonly updates: readonly ChatUpdate[];
  },
): Promise<void> {
  await database.transaction(async (tx) => {
    if (!(await rows.noteWebhook(tx, posted.platform, posted.deliveryId))) return;
    const connectionIds = await rows.connectionsOf(tx, posted.platform, posted.platformUserId);
    // All are held, in their order, before any studio's events are written.
    const held = [];
    for (const connectionId of connectionIds) {
      const reader = await rows.holdReader(tx, connectionId);
      if (reader !== undefined) held.push({ ...reader, connectionId });
    }
    for (const one of held) await apply(tx, one, posted.updates);
  });
}

type OwnChat = Chat & { readonly platformUserId: string };

/**
 * Updates in their order; neighbours of one kind go together. Studios are held
 * before any message, as whoever deletes one does. Events come last, for the lock
 * they take is held to the end.
 */
async function apply(tx: Queryable, chat: OwnChat, updates: readonly ChatUpdate[]): Promise<void> {
  const now = new Date();
  const events: PreparedEvent[] = [];
  const studios = updates.length === 0 ? [] : await rows.activeStudios(tx, chat.connectionId);
  for (const run of runsOf(updates.map((update) => cleanUpdate(update, now)))) {
    if (run.messages.length > 0) events.push(...(await addMessages(tx, { ...chat, studios }, run.messages, now)));
    if (run.removal !== null) events.push(...(await takeBack(tx, chat, run.removal, events)));
  }
  await appendEvents(tx, events);
}

type Run = { readonly messages: readonly IncomingMessage[]; readonly removal: Removal | null };

function runsOf(updates: readonly ChatUpdate[]): Run[] {
  const runs: Run[] = [];
  let messages: IncomingMessage[] = [];
  let removed: string[] = [];
  const flush = (removal: Removal | null): void => {
    const ids: Removal | null = removed.length > 0 ? { of: "messages", ids: removed } : null;
    if (messages.length > 0 || ids !== null) runs.push({ messages, removal: ids });
    if (removal !== null) runs.push({ messages: [], removal });
    [messages, removed] = [[], []];
  };
  for (const update of updates) {
    if (update.kind === "message") {
      if (removed.length > 0) flush(null);
      messages.push(update);
    } else if (update.kind === "deleted") removed.push(update.platformMessageId);
    else flush(update.kind === "cleared" ? { of: "all" } : { of: "author", id: update.platformUserId });
  }
  flush(null);
  return runs;
}

async function addMessages(
  tx: Queryable,
  { studios, ...chat }: OwnChat & { readonly studios: readonly rows.Target[] },
  given: readonly IncomingMessage[],
  now: Date,
): Promise<PreparedEvent[]> {
  const messages = [...new Map(given.map((message) => [message.platformMessageId, message])).values()];
  const echoes = await findEchoes(tx, chat, messages);
  if (studios.length === 0) return [...echoes.events];
  const ids = messages.map(({ platformMessageId }) => platformMessageId);
  const removed = await rows.removedAmong(tx, chat.connectionId, ids);
  const keyOf = (studioId: string, platformMessageId: string): string => `${studioId} ${platformMessageId}`;
  const known = new Map<string, string>();
  const answered = messages.flatMap(({ replyTo }) => (replyTo === null ? [] : [replyTo]));
  if (answered.length > 0) {
    for (const { studioId, platformMessageId, id } of await rows.knownAmong(tx, chat.connectionId, answered))
      known.set(keyOf(studioId, platformMessageId), id);
  }
  const fresh: NewMessage[] = [];
  for (const message of messages) {
    for (const { accountId, studioId } of studios) {
      if (echoes.shown.has(keyOf(studioId, message.platformMessageId))) continue;
      const id = newId("message");
      const deleted = removed.has(message.platformMessageId);
      const replyTo = message.replyTo === null ? null : (known.get(keyOf(studioId, message.replyTo)) ?? null);
      const key = keyOf(studioId, message.platformMessageId);
      if (!known.has(key)) known.set(key, id);
      fresh.push({
        id,
        eventId: newId("event"),
        accountId,
        studioId,
        platform: chat.platform,
        connectionId: chat.connectionId,
        platformMessageId: message.platformMessageId,
        author: authorOf(message),
        text: deleted ? "" : message.text,
        emotes: deleted ? [] : [...message.emotes],
        replyTo,
        sentAt: message.sentAt.toISOString(),
        receivedAt: now.toISOString(),
        deleted,
      });
    }
  }
  const added = await rows.insertMessages(tx, fresh);
  return [...echoes.events, ...fresh.filter(({ id }) => added.has(id)).map(eventOf)];
}

function authorOf({ author: { platformUserId, ...author } }: IncomingMessage): ChatMessage["author"] {
  return { id: platformUserId, ...author, badges: [...author.badges] };
}

function eventOf(message: NewMessage): PreparedEvent {
  const { id, studioId, platform, connectionId, author, text, emotes, replyTo, sentAt, receivedAt, deleted } = message;
  const shown = { id, studioId, platform, connectionId, author, text, emotes, replyTo, sentAt, receivedAt, deleted };
  const data: ChatMessage = { ...shown, direction: "in", deliveries: [] };
  return { id: message.eventId, accountId: message.accountId, studioId, type: "chat.message", data };
}
