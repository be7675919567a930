import type { ServerResponse } from "node:http";
import { eventScopes } from "@trax/contract";
import type { EventType, Scope } from "@trax/contract";
import { isDatabaseAway } from "@trax/foundation/database";
import type { Database } from "@trax/foundation/database";
import { ApiError } from "../../kernel/errors.ts";
import type { EventFeed } from "../../kernel/event-feed.ts";
import { lastSeq, readEvents, seqOf } from "../../kernel/events.ts";
import { requireScope } from "../../kernel/guard.ts";
import { isStudio, requireStudio } from "../broadcast/index.ts";
import { openDoorbell } from "../../kernel/doorbell.ts";
import { frameOf, heartbeatFrame, retryFrame } from "./frame.ts";
import { sendMeters } from "./meters.ts";

const heartbeatMs = 15_000;
/** While the database is away it is asked again this often. */
const awayMs = 500;
/** Events read at once. All that waits for a slow reader is one such batch. */
const batch = 100;

/** The event types that a credential with these scopes may see. */
export function typesFor(scopes: ReadonlySet<Scope>): EventType[] {
  const isType = (type: string): type is EventType => Object.hasOwn(eventScopes, type);
  return Object.keys(eventScopes)
    .filter(isType)
    .filter((type) => scopes.has(eventScopes[type]));
}

export type Following = {
  readonly database: Database;
  readonly feed: EventFeed;
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
 * any more. Survives a restart of the database.
 */
export async function follow(following: Following): Promise<void> {
  const { database, accountId, studioId, signal } = following;
  if (following.meters) requireScope(["stream:read"], following.scopes);
  await requireStudio(database, accountId, studioId);
  let afterSeq = await startOf(following);
  const types = typesFor(following.scopes);
  const bell = openDoorbell();
  const unwatch = following.feed.watch(studioId, bell.ring);
  const response = following.open();
  const stopMeters = following.meters ? sendMeters(response, following) : null;
  try {
    let sent = await send(response, retryFrame, following);
    let quietFrom = performance.now();
    while (sent && !signal.aborted) {
      const events = await whenThere(() =>
        readEvents(database, { accountId, studioId, afterSeq, types, limit: batch }),
      );
      const last = events?.at(-1);
      if (events !== null && last !== undefined) {
        sent = await send(response, events.map((event) => frameOf(event.envelope)).join(""), following);
        quietFrom = performance.now();
        afterSeq = last.seq;
        continue;
      }
      if ((await whenThere(() => isStudio(database, accountId, studioId))) === false) return;
      const heartbeatIn = quietFrom + heartbeatMs - performance.now();
      await bell.wait(Math.max(0, events === null ? Math.min(awayMs, heartbeatIn) : heartbeatIn), signal);
      // Events this reader may not see ring, too: it must hear of us nonetheless.
      if (signal.aborted || performance.now() < quietFrom + heartbeatMs) continue;
      sent = await send(response, heartbeatFrame, following);
      quietFrom = performance.now();
    }
  } finally {
    stopMeters?.();
    unwatch();
  }
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

/** Answers whether the reader is still there to be sent more: one that lets a batch lie is disconnected. */
async function send(response: ServerResponse, text: string, { signal, patienceMs }: Following): Promise<boolean> {
  if (response.destroyed) return false;
  if (response.write(text)) return true;
  const taken = openDoorbell();
  response.once("drain", taken.ring);
  try {
    if (await taken.wait(patienceMs, signal)) return true;
  } finally {
    response.off("drain", taken.ring);
  }
  response.destroy();
  return false;
}
