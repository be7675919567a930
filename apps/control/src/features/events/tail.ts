import type { ServerResponse } from "node:http";
import type { EventType } from "@trax/contract";
import { isDatabaseAway } from "@trax/foundation/database";
import type { Database } from "@trax/foundation/database";
import { openDoorbell } from "../../kernel/doorbell.ts";
import type { EventFeed } from "../../kernel/event-feed.ts";
import { lastSeq, readStudioEvents } from "../../kernel/events.ts";
import type { StoredEvent } from "../../kernel/events.ts";
import { isStudio } from "../broadcast/index.ts";
import { frameOf, heartbeatFrame } from "./frame.ts";
import type { Remembered } from "./remembered.ts";

const heartbeatMs = 15_000;
/** While nothing rings it is looked this often whether the studio still is, ms. */
const quietMs = 15_000;
/** While the database is away it is asked again this often, ms. */
const awayMs = 500;
/** Events that are read at once. */
export const batch = 100;
/** Bytes in one write, unless a single event is longer. All that waits for a slow reader is one write. */
export const mostWritten = 128 * 1024;
/**
 * From one write's begin to the next, ms for each reader, and at most: a write costs most of what it does however little is in it,
 * so that where many follow, what comes meanwhile goes together. After a silence nothing waits.
 */
const gatherMs = 0.1;
const mostGatherMs = 50;
/** What is remembered for readers that join or were slow for a moment: events, and bytes of them. */
const mostRemembered = 2_000;
const mostBytes = 8_000_000;

/** One who is sent a studio's events. */
export type Reader = {
  readonly response: ServerResponse;
  readonly types: ReadonlySet<EventType>;
  /** It has been given everything up to here. */
  afterSeq: number;
  /** When it was last sent something, by `performance.now()`. */
  quietFrom: number;
};

/** `slow`: what was written waits; who reads goes on by itself until it has been taken. `gone`: there is no studio any more. */
export type Parting = "slow" | "gone" | "aborted";

type Frame = { readonly seq: number; readonly type: EventType; readonly text: string; readonly bytes: number };

export type TailParts = { readonly database: Database; readonly feed: EventFeed; readonly remembered: Remembered };

type Attached = {
  readonly reader: Reader;
  readonly part: (why: Parting) => void;
  readonly fail: (error: unknown) => void;
};

/**
 * Reads a studio's outbox once for all who follow it on this node. Each batch is
 * read once and written as text once; readers of the same types are sent the same
 * bytes. What one does not take at once is its own: it is let go, and the others
 * never wait.
 */
export class Tail {
  readonly #studio: { readonly accountId: string; readonly studioId: string };
  readonly #database: Database;
  readonly #remembered: Remembered;
  readonly #attached = new Map<Reader, Attached>();
  readonly #ending = new AbortController();
  readonly #running: Promise<void>;
  #frames: Frame[] = [];
  #bytes = 0;
  /** All up to `#position` has been read; what came after `#floor` is remembered. Null: not begun. */
  #position: number | null = null;
  #floor = 0;
  #isGone = false;
  /** Why it broke; null: it did not. */
  #failure: { readonly error: unknown } | null = null;

  constructor(
    studio: { readonly accountId: string; readonly studioId: string },
    { database, feed, remembered }: TailParts,
  ) {
    this.#studio = studio;
    this.#database = database;
    this.#remembered = remembered;
    this.#running = this.#run(feed);
  }

  /** Up to where the outbox has been read; null while that is not known. */
  get position(): number | null {
    return this.#position;
  }

  /** It reads nothing any more: those who come are better off with another. */
  get isOver(): boolean {
    return this.#isGone || this.#failure !== null;
  }

  /** Whether a reader that has been given all up to `seq` misses nothing by joining now, or is told that it is over. */
  reaches(seq: number): boolean {
    return this.isOver || (this.#position !== null && seq >= this.#floor);
  }

  /** Sends a reader, which `reaches`, all that comes after what it has, until it parts. */
  async feed(reader: Reader, signal: AbortSignal): Promise<Parting> {
    if (this.#failure !== null) throw this.#failure.error;
    const parted = Promise.withResolvers<Parting>();
    const abort = (): void => parted.resolve("aborted");
    signal.addEventListener("abort", abort);
    this.#attached.set(reader, { reader, part: parted.resolve, fail: parted.reject });
    try {
      if (signal.aborted) return "aborted";
      if (this.#isGone) return "gone";
      const missed = this.#frames.slice(this.#frames.findLastIndex(({ seq }) => seq <= reader.afterSeq) + 1);
      for (const frames of writesOf(missed)) if (!this.#give(reader, frames, null)) return "slow";
      return await parted.promise;
    } finally {
      signal.removeEventListener("abort", abort);
      this.#attached.delete(reader);
    }
  }

  /** Nobody follows any more. */
  async close(): Promise<void> {
    this.#ending.abort();
    await this.#running;
    this.forget();
  }

  async #run(feed: EventFeed): Promise<void> {
    const bell = openDoorbell();
    const unwatch = feed.watch(this.#studio.studioId, bell.ring);
    const heartbeat = setInterval(() => this.#beat(), 1_000);
    const { signal } = this.#ending;
    try {
      while (!signal.aborted && !this.#isGone) {
        const forMs = await this.#look();
        if (forMs > 0) await bell.wait(forMs, signal);
      }
    } catch (error) {
      this.#failure = { error };
      for (const { fail } of this.#attached.values()) fail(error);
    } finally {
      clearInterval(heartbeat);
      unwatch();
    }
  }

  /** Reads what there is and gives it to all; answers how long to wait for more. */
  async #look(): Promise<number> {
    try {
      if (this.#position === null) {
        this.#floor = this.#position = await lastSeq(this.#database, this.#studio);
        return 0;
      }
      const events = await readStudioEvents(this.#database, {
        ...this.#studio,
        afterSeq: this.#position,
        limit: batch,
      });
      if (events.length > 0) {
        const begun = performance.now();
        this.#tell(events);
        if (events.length < batch) await this.#gather(begun);
        return 0;
      }
      if (await isStudio(this.#database, this.#studio.accountId, this.#studio.studioId)) return quietMs;
      this.#isGone = true;
      for (const { part } of this.#attached.values()) part("gone");
      return 0;
    } catch (error) {
      if (!isDatabaseAway(error)) throw error;
      return awayMs;
    }
  }

  /** Lets some come together for the next write. */
  async #gather(begun: number): Promise<void> {
    const ms = begun + Math.min(mostGatherMs, this.#attached.size * gatherMs) - performance.now();
    if (ms >= 1) await openDoorbell().wait(ms, this.#ending.signal);
  }

  #tell(events: readonly StoredEvent[]): void {
    const frames = events.map(({ seq, envelope }): Frame => {
      const text = frameOf(envelope);
      return { seq, type: envelope.type, text, bytes: Buffer.byteLength(text) };
    });
    this.#remember(frames);
    // What is taken back is gone from the outbox, and must not live on here for those who come later.
    if (frames.some(({ type }) => type === "chat.messages_deleted")) this.forget();
    for (const write of writesOf(frames)) {
      const written: Written = new Map();
      for (const { reader, part } of this.#attached.values()) {
        if (this.#give(reader, write, written)) continue;
        // It takes the rest by itself.
        this.#attached.delete(reader);
        part("slow");
      }
    }
  }

  /** What was told of is read from the database again by whoever needs it. */
  forget(): void {
    this.#frames = [];
    this.#bytes = 0;
    this.#floor = this.#position ?? 0;
    this.#remembered.note(this, 0);
  }

  #remember(frames: readonly Frame[]): void {
    this.#frames.push(...frames);
    this.#position = frames.at(-1)?.seq ?? this.#position;
    for (const { bytes } of frames) this.#bytes += bytes;
    let dropped = 0;
    while (this.#frames.length - dropped > mostRemembered || this.#bytes > mostBytes) {
      const frame = this.#frames[dropped];
      if (frame === undefined) break;
      dropped++;
      this.#bytes -= frame.bytes;
      this.#floor = frame.seq;
    }
    if (dropped > 0) this.#frames = this.#frames.slice(dropped);
    this.#remembered.note(this, this.#bytes);
  }

  /** Answers whether the reader took it; what it did not take waits in its connection, and is all that does. */
  #give(reader: Reader, frames: readonly Frame[], written: Written | null): boolean {
    const first = frames[0];
    const last = frames.at(-1);
    if (first === undefined || last === undefined) return true;
    const isWhole = reader.afterSeq < first.seq;
    let bytes = isWhole ? written?.get(reader.types) : undefined;
    if (bytes === undefined) {
      const { afterSeq, types } = reader;
      bytes = Buffer.from(
        frames.flatMap(({ seq, type, text }) => (seq > afterSeq && types.has(type) ? [text] : [])).join(""),
      );
      if (isWhole) written?.set(reader.types, bytes);
    }
    reader.afterSeq = Math.max(reader.afterSeq, last.seq);
    return bytes.length === 0 || put(reader, bytes);
  }

  /** Something for those who heard nothing for long, so that all between see a living connection. */
  #beat(): void {
    const due = performance.now() - heartbeatMs;
    for (const { reader, part } of this.#attached.values())
      if (reader.quietFrom <= due && !put(reader, heartbeatFrame)) part("slow");
  }
}

/** The bytes of a batch by the very set of types that readers share. */
type Written = Map<ReadonlySet<EventType>, Buffer>;

/** Parts of a list, in order, each for one write. */
export function writesOf<T extends { readonly bytes: number }>(frames: readonly T[]): T[][] {
  const writes: T[][] = [];
  let room = 0;
  for (const frame of frames) {
    const last = writes.at(-1);
    if (last === undefined || frame.bytes > room) {
      writes.push([frame]);
      room = mostWritten;
    } else {
      last.push(frame);
    }
    room -= frame.bytes;
  }
  return writes;
}

/**
 * Node says that a large chunk is too much before it has tried: what counts is
 * whether some of it waits. Corked, the chunk is one write with what HTTP puts
 * around it, and made when uncorked rather than a tick later.
 */
function put(reader: Reader, bytes: Buffer | string): boolean {
  const { response } = reader;
  const { socket } = response;
  if (response.destroyed) return false;
  reader.quietFrom = performance.now();
  socket?.cork();
  const isLittle = response.write(bytes);
  socket?.uncork();
  return isLittle || response.writableLength === 0;
}
