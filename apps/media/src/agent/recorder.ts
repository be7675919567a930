import { isRefusedData } from "@trax/foundation/database";
import type { Logger } from "@trax/foundation/log";

/**
 * Writes observations to Postgres in order, one at a time a key, and keeps the
 * newest of each until it is written: while the database is away observations
 * merge instead of queueing, and nothing is lost that is still true.
 */
export class Recorder {
  readonly #log: Logger;
  readonly #waiting = new Map<string, () => Promise<void>>();
  readonly #running = new Map<string, Promise<void>>();
  /** Those that wait for their turn, longest first. */
  readonly #queue: (() => void)[] = [];
  #turns = turns;
  #closed = false;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** Runs `write` soon; an earlier write of this key that has not begun is replaced by it. */
  record(key: string, write: () => Promise<void>): void {
    if (this.#closed) return;
    this.#waiting.set(key, write);
    if (!this.#running.has(key)) this.#running.set(key, this.#drain(key));
  }

  /** Whether something recorded under this key is not written yet. */
  isBusy(key: string): boolean {
    return this.#running.has(key);
  }

  /** Fulfilled when what was recorded under these keys is written. Never rejects. */
  async settled(keys: readonly string[]): Promise<void> {
    await Promise.all(keys.map((key) => this.#running.get(key)));
  }

  /** Fulfilled when everything recorded so far is written or given up. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#running.values());
  }

  async #drain(key: string): Promise<void> {
    while (this.#waiting.has(key)) {
      await this.#turn();
      const write = this.#waiting.get(key);
      this.#waiting.delete(key);
      try {
        await write?.();
      } catch (error) {
        await this.#failed(key, write, error);
      } finally {
        this.#endTurn();
      }
    }
    this.#running.delete(key);
  }

  async #failed(key: string, write: (() => Promise<void>) | undefined, error: unknown): Promise<void> {
    // The end does not wait for a database that is away.
    if (this.#closed) this.#waiting.clear();
    if (this.#closed || write === undefined) return;
    if (isRefusedData(error)) {
      this.#log.error({ err: error, key }, "an observation cannot be written and is left out");
      return;
    }
    this.#log.warn({ err: error, key }, "an observation could not be written; it is tried again");
    if (!this.#waiting.has(key)) this.#waiting.set(key, write);
    await pause(retryMs);
  }

  async #turn(): Promise<void> {
    if (this.#turns > 0) {
      this.#turns -= 1;
      return;
    }
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#queue.push(resolve);
    await promise;
  }

  #endTurn(): void {
    const next = this.#queue.shift();
    if (next === undefined) this.#turns += 1;
    else next();
  }
}

/** Writes at a time: many changes at once leave connections for others, and a database that is away is not stormed. */
const turns = 4;

const retryMs = 200;

function pause(ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setTimeout(resolve, ms);
  return promise;
}
