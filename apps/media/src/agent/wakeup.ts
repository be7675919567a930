/** The agent's sleeps: each ends early when somebody says so, and all of them end on `close`. */
export class Wakeup {
  readonly #timers = new Map<NodeJS.Timeout, () => void>();
  #waiting: (() => void) | null = null;
  #called = false;
  #closed = false;

  /** Ends `until`, or the next one if nobody waits now. */
  now(): void {
    this.#called = true;
    this.#waiting?.();
  }

  /** Waits until `now` is called, at most `ms`. One waits at a time. */
  async until(ms: number): Promise<void> {
    if (!this.#called && !this.#closed) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiting = resolve;
      const timer = this.#start(ms, resolve);
      await promise;
      this.#cancel(timer);
      this.#waiting = null;
    }
    this.#called = false;
  }

  /** Waits `ms`; less when closed. */
  async after(ms: number): Promise<void> {
    if (this.#closed) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#start(ms, resolve);
    await promise;
  }

  /** Runs `work` in `ms`; never when closed. */
  later(ms: number, work: () => void): void {
    this.#start(ms, () => {
      if (!this.#closed) work();
    });
  }

  close(): void {
    this.#closed = true;
    for (const [timer, end] of this.#timers) {
      clearTimeout(timer);
      end();
    }
    this.#timers.clear();
  }

  #start(ms: number, end: () => void): NodeJS.Timeout {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      end();
    }, ms);
    this.#timers.set(timer, end);
    return timer;
  }

  #cancel(timer: NodeJS.Timeout): void {
    clearTimeout(timer);
    this.#timers.delete(timer);
  }
}
