import { backoffMs } from "../../relay/backoff.ts";

const leastMs = 500;
/** A connection that lasted so long was a good one: after it, retrying starts quickly again. */
const goodAfterMs = 5_000;

/** When to try again: after 0.5 s, then ever later up to 30 s, with jitter. */
export class Retry {
  #failures = 0;
  #succeededAt: number | null = null;
  #wake: () => void = () => undefined;
  #isEnded = false;

  /** An attempt begins. */
  begin(): void {
    this.#succeededAt = null;
  }

  /** The attempt brings what was wanted. */
  succeeded(): void {
    this.#succeededAt ??= performance.now();
  }

  /** The attempt is over: waits until the next one should begin, or the end. */
  async wait(): Promise<void> {
    const isGood = this.#succeededAt !== null && performance.now() - this.#succeededAt > goodAfterMs;
    this.#failures = isGood ? 1 : this.#failures + 1;
    await this.sleep(Math.max(leastMs, backoffMs(this.#failures, false, Math.random)));
  }

  /** Until then, or the end. */
  async sleep(ms: number): Promise<void> {
    if (this.#isEnded) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    this.#wake = resolve;
    await promise;
    clearTimeout(timer);
  }

  /** Nothing waits any more. */
  end(): void {
    this.#isEnded = true;
    this.#wake();
  }
}
