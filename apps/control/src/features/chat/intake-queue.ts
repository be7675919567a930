import { isDatabaseAway } from "@trax/foundation/database";
import { openDoorbell } from "../../kernel/doorbell.ts";
import type { ChatUpdate } from "../connections/index.ts";

/** Between two writes of a busy chat, ms: what comes meanwhile goes together. */
const everyMs = 25;
/** Updates in one transaction. */
const mostAtOnce = 500;
/** Updates that wait while the database is away; then the platform is asked again from the last cursor. */
const mostWaiting = 5_000;
const awayMs = 500;

type Given = {
  readonly updates: readonly ChatUpdate[];
  readonly cursor: string | null;
  readonly stored: PromiseWithResolvers<void>;
};

/**
 * Joins what is read of one chat into few writes: at once where it is quiet,
 * else every 25 ms. In their order, each once; a cursor never before what it is
 * after.
 */
export class IntakeQueue {
  readonly #store: (updates: readonly ChatUpdate[], cursor: string | null) => Promise<void>;
  readonly #signal: AbortSignal;
  #waiting: Given[] = [];
  #count = 0;
  #writing: Promise<void> | null = null;

  /** @param signal Ends it: what waits then is refused, and read again by the next reader. */
  constructor(store: (updates: readonly ChatUpdate[], cursor: string | null) => Promise<void>, signal: AbortSignal) {
    this.#store = store;
    this.#signal = signal;
  }

  /** Resolves once it is stored. Rejects where it cannot be, or too much waits. */
  add(updates: readonly ChatUpdate[], cursor: string | null): Promise<void> {
    if (this.#count >= mostWaiting) return Promise.reject(new Error("more chat waits to be stored than is kept"));
    const stored = Promise.withResolvers<void>();
    // Who gives without waiting need not listen either.
    stored.promise.catch(() => undefined);
    this.#waiting.push({ updates, cursor, stored });
    this.#count += updates.length;
    this.#writing ??= this.#write();
    return stored.promise;
  }

  /** Resolves once nothing is written any more. */
  async settled(): Promise<void> {
    await this.#writing;
  }

  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      const batch = this.#next();
      const begun = performance.now();
      try {
        await this.#storeOnce(batch);
        for (const { stored } of batch) stored.resolve();
      } catch (error) {
        // What comes after it must not be stored without it.
        const rest = [...batch, ...this.#waiting];
        this.#waiting = [];
        this.#count = 0;
        for (const { stored } of rest) stored.reject(error);
        break;
      }
      await openDoorbell().wait(Math.max(0, begun + everyMs - performance.now()), this.#signal);
    }
    this.#writing = null;
  }

  #next(): Given[] {
    const batch: Given[] = [];
    let size = 0;
    for (let first = this.#waiting[0]; first !== undefined; first = this.#waiting[0]) {
      if (size > 0 && size + first.updates.length > mostAtOnce) break;
      batch.push(first);
      size += first.updates.length;
      this.#waiting.shift();
    }
    this.#count -= size;
    return batch;
  }

  async #storeOnce(batch: readonly Given[]): Promise<void> {
    const updates = batch.flatMap((given) => given.updates);
    const cursor = batch.findLast((given) => given.cursor !== null)?.cursor ?? null;
    for (;;) {
      if (this.#signal.aborted) throw new Error("this chat is not read any more");
      try {
        await this.#store(updates, cursor);
        return;
      } catch (error) {
        if (!isDatabaseAway(error)) throw error;
        await openDoorbell().wait(awayMs, this.#signal);
      }
    }
  }
}
