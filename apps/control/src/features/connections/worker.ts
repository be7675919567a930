import type { Database } from "@trax/foundation/database";
import { listen } from "@trax/foundation/listen";
import type { Logger } from "@trax/foundation/log";
import type { Secret } from "@trax/foundation/secret";
import { desiredChannel } from "../broadcast/index.ts";
import { deleteOldAuthorizations } from "./authorize-sql.ts";
import { channel } from "./changed.ts";
import { beginIngests } from "./ingest.ts";
import type { IngestParts } from "./ingest.ts";
import { beginRevocations } from "./revocations.ts";
import type { RevocationParts } from "./revocations.ts";
import type { Tokens } from "./tokens.ts";

export type WorkerParts = IngestParts &
  RevocationParts & {
    readonly database: Database;
    readonly url: Secret;
    readonly log: Logger;
    readonly tokens: Tokens;
  };

const roundMs = 5_000;
const sweepMs = 600_000;

/**
 * What is done for linked accounts without being asked: tokens renewed, grants
 * withdrawn, platforms asked where a broadcast is to be sent to. Looks at the
 * rows every five seconds, and at once when it is told that they have changed.
 */
export class Worker {
  readonly #o: WorkerParts;
  readonly #listener: { close(): Promise<void> };
  readonly #jobs = new Set<Promise<void>>();
  readonly #loop: Promise<void>;
  #timer: NodeJS.Timeout | null = null;
  #dueAt = 0;
  #wake: () => void = () => undefined;
  #sweepDue = 0;
  #stopped = false;

  constructor(parts: WorkerParts) {
    this.#o = parts;
    this.#listener = listen({
      url: parts.url,
      channels: [channel, desiredChannel],
      onNotification: () => this.#wakeAfter(0),
      onReconnected: () => this.#wakeAfter(0),
      onError: (error) => parts.log.warn({ err: error }, "the listener for connections lost its connection"),
    });
    this.#loop = this.#run();
  }

  /** Begins nothing more, and waits for what has begun. */
  async close(): Promise<void> {
    this.#stopped = true;
    this.#wakeAfter(0);
    await this.#listener.close();
    await this.#loop;
    await Promise.allSettled(this.#jobs);
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      this.#dueAt = Number.POSITIVE_INFINITY;
      const woken = new Promise<void>((resolve) => (this.#wake = resolve));
      this.#wakeAfter(roundMs);
      try {
        await this.#round();
      } catch (error) {
        this.#o.log.warn({ err: error }, "a round for connections failed; the next one comes");
      }
      await woken;
    }
  }

  async #round(): Promise<void> {
    this.#own(await beginIngests(this.#o, (ms) => this.#wakeAfter(ms)));
    this.#own(await beginRevocations(this.#o));
    this.#own([this.#o.tokens.renewDue()]);
    if (performance.now() < this.#sweepDue) return;
    this.#sweepDue = performance.now() + sweepMs;
    await deleteOldAuthorizations(this.#o.database);
  }

  #own(jobs: readonly Promise<void>[]): void {
    for (const job of jobs) {
      const owned = job
        .catch((error: unknown) =>
          this.#o.log.warn({ err: error }, "something for a connection failed; it is tried again"),
        )
        .finally(() => this.#jobs.delete(owned));
      this.#jobs.add(owned);
    }
  }

  /** The soonest counts. */
  #wakeAfter(ms: number): void {
    const at = performance.now() + ms;
    if (at >= this.#dueAt) return;
    this.#dueAt = at;
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#wake(), ms);
  }
}
