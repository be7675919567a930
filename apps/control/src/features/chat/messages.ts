import type { ChatError, ChatMessage, ChatSend, ResponseOf, operations } from "@trax/contract";
import type { Queryable } from "@trax/foundation/database";
import { newId } from "@trax/foundation/ids";
import { invalidRequest } from "../../kernel/errors.ts";
import { appendEvents } from "../../kernel/events.ts";
import { pageOf } from "../../kernel/pagination.ts";
import type { Cursors } from "../../kernel/pagination.ts";
import { holdStudio, requireStudio } from "../broadcast/index.ts";
import { cleanText } from "./clean.ts";
import type { ChatConnections } from "./connections.ts";
import * as rows from "./message-sql.ts";
import { messageOf } from "./message-view.ts";
import { listEnabled, watch } from "./platform-sql.ts";
import { splitText } from "./split.ts";

/** What may wait for one connection; more is refused at once. */
const longestQueue = 100;

export async function listOfMessages(
  db: Queryable,
  accountId: string,
  studioId: string,
  cursors: Cursors,
  query: {
    readonly cursor?: string | undefined;
    readonly limit: number;
    readonly platform?: string | undefined;
    readonly since?: string | undefined;
  },
): Promise<ResponseOf<(typeof operations)["listChatMessages"]>> {
  const list = { list: "chat", accountId, parentId: studioId };
  const below = cursors.read(list, query.cursor);
  const found = await rows.listMessages(db, accountId, studioId, {
    below,
    limit: query.limit + 1,
    platform: query.platform ?? null,
    since: query.since === undefined ? null : new Date(query.since),
  });
  if (found.length === 0) await requireStudio(db, accountId, studioId);
  await watch(db, accountId, studioId);
  return pageOf(found, query.limit, (id) => cursors.write(list, id), messageOf);
}

/** Keeps a message and leaves sending it to whoever sends; shown at once to those who watch. */
export async function sendMessage(
  db: Queryable,
  accountId: string,
  studioId: string,
  from: { readonly userId: string; readonly name: string },
  connections: Pick<ChatConnections, "capabilities">,
  given: ChatSend,
): Promise<ChatMessage> {
  await holdStudio(db, accountId, studioId);
  const replyTo = given.replyTo ?? null;
  if (replyTo !== null && (await rows.findMessage(db, accountId, studioId, replyTo)) === undefined) {
    throw invalidRequest("The body names what is not there.", [
      { path: "body.replyTo", message: "must be a message of this studio's chat" },
    ]);
  }
  const targets = await targetsOf(db, accountId, studioId, given.connectionIds ?? null);
  const waiting = await rows.queueLengths(
    db,
    accountId,
    targets.map(({ connectionId }) => connectionId),
  );
  const text = cleanText(given.text, given.text.length).trim();
  const [id, eventId] = [newId("message"), newId("event")];
  const author = { id: from.userId, name: from.name, color: null, badges: [], isModerator: false, isOwner: true };
  await rows.insertSent(db, accountId, studioId, { id, eventId, author, text, replyTo });
  const deliveries = targets.map((target) => ({
    ...target,
    ...plan(connections.capabilities(target.platform), text, waiting.get(target.connectionId) ?? 0),
  }));
  if (deliveries.length > 0) await rows.insertDeliveries(db, accountId, id, deliveries);
  const row = await rows.findMessage(db, accountId, studioId, id);
  if (row === undefined) throw new Error("a message is gone in the transaction that made it");
  const message = messageOf(row);
  await appendEvents(db, [{ id: eventId, accountId, studioId, type: "chat.message", data: message }]);
  return message;
}

type Target = { readonly connectionId: string; readonly platform: string };

async function targetsOf(
  db: Queryable,
  accountId: string,
  studioId: string,
  named: readonly string[] | null,
): Promise<readonly Target[]> {
  const enabled = (await listEnabled(db, accountId, studioId)).map(({ connectionId, platform }): Target => ({
    connectionId,
    platform,
  }));
  if (named === null) return enabled;
  const known = new Set(enabled.map(({ connectionId }) => connectionId));
  const details = named.flatMap((id, index) =>
    known.has(id) ? [] : [{ path: `body.connectionIds.${index}`, message: "is not enabled for this studio's chat" }],
  );
  if (details.length > 0) throw invalidRequest("The body names what is not there.", details);
  return enabled.filter(({ connectionId }) => named.includes(connectionId));
}

/** In how many parts a text goes, or why it is not even tried. */
function plan(
  can: ReturnType<ChatConnections["capabilities"]>,
  text: string,
  waiting: number,
): { readonly parts: number; readonly refused: ChatError | null } {
  const refuse = (code: ChatError["code"], message: string) => ({
    parts: 0,
    refused: { code, message, at: new Date().toISOString() },
  });
  if (can === null || !can.send) return refuse("refused", "Chat cannot be sent to this platform.");
  const parts = splitText(text, can);
  if (parts === null) return refuse("too_long", `This platform takes ${can.longest ?? 0} characters at the most.`);
  if (waiting >= longestQueue) return refuse("queue_full", `${waiting} messages wait for this platform already.`);
  return { parts: parts.length, refused: null };
}
