import type { ServerResponse } from "node:http";
import { eventScopes } from "@trax/contract";
import type { EventType, Scope } from "@trax/contract";
import { isDatabaseAway } from "@trax/foundation/database";
import type { Database } from "@trax/foundation/database";
import { openDoorbell } from "../../kernel/doorbell.ts";
import { ApiError } from "../../kernel/errors.ts";
import type { EventFeed } from "../../kernel/event-feed.ts";
import { lastSeq, readEvents, seqOf } from "../../kernel/events.ts";
import { requireScope } from "../../kernel/guard.ts";
import { requireStudio } from "../broadcast/index.ts";
import { frameOf, retryFrame } from "./frame.ts";
import { sendMeters } from "./meters.ts";
import { batch, writesOf } from "./tail.ts";
import type { Reader, Tail } from "./tail.ts";
import type { Tails } from "./tails.ts";
import type { Unread } from "./unread.ts";

/** While the database is away it is asked again this often. */
const awayMs = 500;

const typesByScopes = new Map<string, ReadonlySet<EventType>>();

/** The event types that a credential with these scopes may see: the very same set for the same scopes. */
export function typesFor(scopes: ReadonlySet<Scope>): ReadonlySet<EventType> {
  const isType = (type: string): type is EventType => Object.hasOwn(eventScopes, type);
  const types = Object.keys(eventScopes)
    .filter(isType)
    .filter((type) => scopes.has(eventScopes[type]));
  const key = types.join();
  const known = typesByScopes.get(key) ?? new Set(types);
  typesByScopes.set(key, known);
  return known;
}

export type Following = {
  readonly database: Database;
  readonly feed: EventFeed;
  readonly tails: Tails;
  readonly unread: Unread;
  readonly accountId: string;
  readonly studioId: string;
  readonly scopes: ReadonlySet<Scope>;
  /** The event to go on after; null: whatever comes from now on. */
  readonly lastEventId: string | null;
  /** Whether what is heard is sent, too. */
  readonly meters: boolean;
  /** Aborted when the client, the credential or the server is gone. */
  readonly signal: AbortSignal;
  open(): ServerResponse;
  /** How long a reader may take nothing before it is let go, ms. */
  readonly patienceMs: number;
};

async function startOf({ database, accountId, studioId, lastEventId }: Following): Promise<number> {
  if (lastEventId === null) return lastSeq(database, { accountId, studioId });
  const seq = await seqOf(database, lastEventId, { accountId, studioId });
  if (seq === null) throw new ApiError("invalid_cursor", "There is no such event in this studio to go on after.");
  return seq;
}

/**
 * Sends a studio's events as they are appended, each once and in their order,
 * until the signal is aborted, the studio is deleted or the reader takes nothing
 * any more. Survives a restart of the database. One that is behind reads by
 * itself, until it has caught up with the studio's tail and is sent what all are.
 */
export async function follow(following: Following): Promise<void> {
  const { database, accountId, studioId, signal } = following;
  if (following.meters) requireScope(["stream:read"], following.scopes);
  await requireStudio(database, accountId, studioId);
  const afterSeq = await startOf(following);
  const { tail, leave } = following.tails.join(following);
  const response = following.open();
  const ending = [
    ...(following.meters ? [sendMeters(response, following)] : []),
    ...(following.scopes.has("chat:read") ? [following.tails.watchChat(following)] : []),
  ];
  const reader: Reader = { response, types: typesFor(following.scopes), afterSeq, quietFrom: performance.now() };
  try {
    let taken = await send(reader, retryFrame, following);
    while (taken && !signal.aborted) {
      if (!tail.reaches(reader.afterSeq)) {
        taken = await catchUp(reader, tail, following);
        continue;
      }
      const why = await tail.feed(reader, signal);
      if (why !== "slow") return;
      taken = await drained(reader, following);
    }
  } finally {
    for (const end of ending) end();
    await leave();
  }
}

/** Reads and sends one batch of what the tail does not remember. Answers whether the reader is still there. */
async function catchUp(reader: Reader, tail: Tail, following: Following): Promise<boolean> {
  const { database, accountId, studioId, signal } = following;
  const { afterSeq, types } = reader;
  // Whatever the tail has read is there to be read: beyond it, there may be more.
  const known = tail.position;
  const events =
    known === null
      ? null
      : await whenThere(() => readEvents(database, { accountId, studioId, afterSeq, types: [...types], limit: batch }));
  if (known === null || events === null) {
    await openDoorbell().wait(known === null ? 10 : awayMs, signal);
    return true;
  }
  const frames = events.map(({ seq, envelope }) => {
    const text = frameOf(envelope);
    return { seq, text, bytes: Buffer.byteLength(text) };
  });
  // What does not fit is read again rather than kept until the reader has taken what comes before it.
  const [write, ...rest] = writesOf(frames);
  const isAll = events.length < batch && rest.length === 0;
  reader.afterSeq = Math.max(write?.at(-1)?.seq ?? afterSeq, isAll ? known : afterSeq);
  return write === undefined || send(reader, write.map(({ text }) => text).join(""), following);
}

/** Null while the database is away. */
async function whenThere<T>(read: () => Promise<T>): Promise<T | null> {
  try {
    return await read();
  } catch (error) {
    if (!isDatabaseAway(error)) throw error;
    return null;
  }
}

async function send(reader: Reader, text: string, following: Following): Promise<boolean> {
  const { response } = reader;
  if (response.destroyed) return false;
  reader.quietFrom = performance.now();
  return response.write(text) || drained(reader, following);
}

/**
 * Answers whether the reader is still there to be sent more: one that lets a
 * write lie is disconnected, and at once where too much lies on this node.
 */
async function drained({ response }: Reader, { signal, patienceMs, unread }: Following): Promise<boolean> {
  if (response.destroyed) return false;
  if (!response.writableNeedDrain) return true;
  const taken = openDoorbell();
  response.once("drain", taken.ring);
  const taking = unread.wait(response.writableLength, () => {
    response.destroy();
    taken.ring();
  });
  try {
    if ((await taken.wait(patienceMs, signal)) && !response.destroyed) return true;
  } finally {
    taking();
    response.off("drain", taken.ring);
  }
  response.destroy();
  return false;
}
