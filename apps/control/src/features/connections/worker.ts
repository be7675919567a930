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
import { beginValidations } from "./validations.ts";
import type { ValidationParts } from "./validations.ts";

export type WorkerParts = IngestParts &
  RevocationParts &
  ValidationParts & {
    readonly database: Database;
    readonly url: Secret;
    readonly log: Logger;
    readonly tokens: Tokens;
  };

const roundMs = 5_000;
const sweepMs = 600_000;

/**
 * What is done for linked accounts without being asked: tokens renewed and asked
 * about, grants withdrawn, platforms asked where a broadcast is to be sent to.
 * Looks at all rows every five seconds, and at once when it is told that a
 * connection has changed; told of a studio, at that one's.
 */
export class Worker {
  readonly #o: WorkerParts;
  readonly #listener: { close(): Promise<void> };
  readonly #jobs = new Set<Promise<void>>();
  readonly #loop: Promise<void>;
  /** To be looked at before all are. */
  readonly #studios = new Set<string>();
  /** When all are looked at next (`performance.now()`). */
  #allAt = 0;
  #timer: NodeJS.Timeout | null = null;
  #wake: () => void = () => undefined;
  #sweepDue = 0;
  #stopped = false;

  constructor(parts: WorkerParts) {
    this.#o = parts;
    this.#listener = listen({
      url: parts.url,
      channels: [channel, desiredChannel],
      onNotification: (of, studioId) => this.#lookAgain(0, of === desiredChannel ? [studioId] : null),
      onReconnected: () => this.#lookAgain(0, null),
      onError: (error) => parts.log.warn({ err: error }, "the listener for connections lost its connection"),
    });
    this.#loop = this.#run();
  }

  /** Begins nothing more, and waits for what has begun. */
  async close(): Promise<void> {
    this.#stopped = true;
    this.#wake();
    await this.#listener.close();
    await this.#loop;
    await Promise.allSettled(this.#jobs);
    if (this.#timer !== null) clearTimeout(this.#timer);
  }

  async #run(): Promise<void> {
    while (!this.#stopped) {
      const woken = new Promise<void>((resolve) => (this.#wake = resolve));
      const studios = [...this.#studios];
      this.#studios.clear();
      const isAll = performance.now() >= this.#allAt;
      if (isAll) this.#allAt = performance.now() + roundMs;
      this.#setTimer();
      try {
        if (isAll) await this.#lookAtAll();
        else if (studios.length > 0) await this.#lookAt(studios);
      } catch (error) {
        this.#o.log.warn({ err: error }, "a round for connections failed; the next one comes");
      }
      await woken;
    }
  }

  async #lookAt(studios: readonly string[] | null): Promise<void> {
    this.#own(await beginIngests(this.#o, studios, (inMs, again) => this.#lookAgain(inMs, again)));
  }

  async #lookAtAll(): Promise<void> {
    await this.#lookAt(null);
    this.#own(await beginRevocations(this.#o));
    this.#own([this.#o.tokens.renewDue()]);
    this.#own(await beginValidations(this.#o, () => this.#lookAgain(0, null)));
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

  /** At these studios, or all: at all where it is later, since these are few. The soonest counts. */
  #lookAgain(inMs: number, studios: readonly string[] | null): void {
    if (inMs === 0 && studios !== null) {
      for (const studioId of studios) this.#studios.add(studioId);
      this.#wake();
      return;
    }
    this.#allAt = Math.min(this.#allAt, performance.now() + inMs);
    this.#setTimer();
  }

  #setTimer(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#wake(), Math.max(0, this.#allAt - performance.now()));
  }
}
