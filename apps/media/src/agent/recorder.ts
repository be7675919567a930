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

  /** Fulfilled when what was recorded under these keys is written. */
  async settled(keys: readonly string[]): Promise<void> {
    await Promise.all(keys.map((key) => this.#running.get(key)));
  }

  /** Fulfilled when everything recorded so far is written or given up. */
  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all(this.#running.values());
  }

  async #drain(key: string): Promise<void> {
    for (let write = this.#waiting.get(key); write !== undefined; write = this.#waiting.get(key)) {
      this.#waiting.delete(key);
      try {
        await write();
      } catch (error) {
        this.#log.warn({ err: error, key }, "an observation could not be written; it is tried again");
        if (this.#closed) break;
        if (!this.#waiting.has(key)) this.#waiting.set(key, write);
        await pause(retryMs);
      }
    }
    this.#running.delete(key);
  }
}

const retryMs = 200;

function pause(ms: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  setTimeout(resolve, ms);
  return promise;
}
