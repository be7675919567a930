import type { ChatError } from "@trax/contract";
import type { Database } from "@trax/foundation/database";
import type { Logger } from "@trax/foundation/log";
import { openDoorbell } from "../../kernel/doorbell.ts";
import { PlatformError } from "../connections/index.ts";
import { errorOf } from "./attempt.ts";
import type { ChatConnections } from "./connections.ts";
import { IntakeQueue } from "./intake-queue.ts";
import { NotTheReader, storeRead } from "./intake.ts";
import { writeReaderStatus } from "./reader-sql.ts";
import { within } from "./within.ts";

const openingMs = 10_000;
/** A platform that connects but never says so is given up, ms. */
const connectingMs = 60_000;
/** What an adapter is given to end once it is asked to, ms. */
const endingMs = 2_000;
const longestBackOffMs = 30_000;
/** What refuses us is asked again this seldom, ms. */
const refusedMs = 60_000;
/** Read for so long, a connection counts as good, and the next loss starts over, ms. */
const goodAfterMs = 10_000;

export type Reading = {
  readonly connectionId: string;
  readonly cursor: string | null;
  /** Aborted when its lease is lost, nobody wants it any more, or the node stops. */
  readonly signal: AbortSignal;
};

/**
 * Reads one connection's chat until its signal is aborted or another node has its
 * lease: connects again with back-off, from where what is stored ends.
 */
export async function readOn(
  services: {
    readonly database: Database;
    readonly connections: ChatConnections;
    readonly holder: string;
    readonly log: Logger;
  },
  { connectionId, cursor: first, signal }: Reading,
): Promise<void> {
  const { database, holder, log } = services;
  let cursor = first;
  let losses = 0;
  let error: ChatError | null = null;

  let telling: Promise<void> = Promise.resolve();
  /** One after the other: a chat that is lost as soon as it was there is not to be shown as read. */
  const tell = (status: "connecting" | "reading" | "waiting" | "failed"): Promise<void> => {
    const now = { status, error };
    // What is shown comes after what is done: a database that is away must not end reading.
    telling = telling
      .then(() => writeReaderStatus(database, holder, connectionId, now))
      .catch((thrown: unknown) =>
        log.debug({ err: thrown, connectionId }, "the status of a chat's reader was not written"),
      );
    return telling;
  };

  while (!signal.aborted) {
    await tell("connecting");
    let readyAt: number | null = null;
    const lost: unknown = await readOnce(services, {
      connectionId,
      cursor,
      signal,
      onReady: () => {
        readyAt = performance.now();
        error = null;
        void tell("reading");
      },
      onStored: (now) => {
        cursor = now;
      },
    }).catch((thrown: unknown) => thrown);
    if (signal.aborted || lost instanceof NotTheReader) break;
    losses = readyAt !== null && performance.now() - readyAt > goodAfterMs ? 0 : losses + 1;
    const next = nextOf(lost, losses);
    error = next.error;
    log.info({ connectionId, code: error.code, inMs: Math.round(next.afterMs) }, "a chat is connected to again");
    await tell(next.status);
    await openDoorbell().wait(next.afterMs, signal);
  }
  await telling;
}

/** Connects once and reads until it is lost, which is how it ends: rejects, or resolves where the platform closed. */
async function readOnce(
  { database, connections, holder }: Parameters<typeof readOn>[0],
  once: Reading & { readonly onReady: () => void; readonly onStored: (cursor: string) => void },
): Promise<void> {
  const { connectionId } = once;
  const { client, session } = await within(openingMs, once.signal, () => connections.open(connectionId));
  if (client.readChat === undefined) throw new PlatformError("refused", "The chat of this platform cannot be read.");
  const readChat = client.readChat.bind(client);
  const ends = new AbortController();
  const stop = (): void => ends.abort();
  once.signal.addEventListener("abort", stop);
  const broken = Promise.withResolvers<never>();
  broken.promise.catch(() => undefined);
  const queue = new IntakeQueue(
    (updates, cursor) => storeRead(database, { connectionId, holder }, updates, cursor),
    ends.signal,
  );
  const connecting = setTimeout(
    () => broken.reject(new PlatformError("unavailable", "The platform did not connect in time.")),
    connectingMs,
  );
  try {
    const reading = readChat(session, {
      from: once.cursor,
      signal: ends.signal,
      ready: () => {
        clearTimeout(connecting);
        once.onReady();
      },
      take: async (updates, cursor) => {
        try {
          await queue.add(updates, cursor);
        } catch (error) {
          broken.reject(error);
          throw error;
        }
        if (cursor !== null) once.onStored(cursor);
      },
    });
    reading.catch(() => undefined);
    await Promise.race([reading, broken.promise, whenAborted(ends.signal)]);
  } finally {
    clearTimeout(connecting);
    once.signal.removeEventListener("abort", stop);
    // A reader that ended by itself leaves what it gave: it is stored before anybody reads on from there.
    if (!once.signal.aborted) await queue.settled();
    ends.abort();
    await queue.settled();
  }
}

/** Resolves a moment after the abort: an adapter that heeds it has ended by then. */
async function whenAborted(signal: AbortSignal): Promise<void> {
  const gone = Promise.withResolvers<void>();
  const aborted = (): void => {
    setTimeout(gone.resolve, endingMs).unref();
  };
  if (signal.aborted) aborted();
  else signal.addEventListener("abort", aborted, { once: true });
  await gone.promise;
}

type Next = {
  readonly status: "waiting" | "failed";
  readonly error: ChatError;
  readonly afterMs: number;
};

/** When to try again, half of it by chance, so that many that were lost at once do not come back at once. */
function nextOf(lost: unknown, losses: number): Next {
  const jittered = (ms: number): number => ms * (0.5 + Math.random() / 2);
  const backOff = jittered(Math.min(longestBackOffMs, 1_000 * 2 ** Math.max(0, losses - 1)));
  if (!(lost instanceof PlatformError)) {
    const message = lost instanceof Error ? "Reading broke off." : "The platform closed the connection.";
    return { status: "waiting", error: errorOf("unavailable", message), afterMs: backOff };
  }
  const error = errorOf(lost.kind, lost.message);
  switch (lost.kind) {
    case "unauthorized":
    case "refused":
      return { status: "failed", error, afterMs: jittered(refusedMs) };
    case "quota_exhausted":
      return { status: "failed", error, afterMs: lost.retryAfterMs ?? jittered(10 * refusedMs) };
    default:
      return { status: "waiting", error, afterMs: Math.max(lost.retryAfterMs ?? 0, backOff) };
  }
}
