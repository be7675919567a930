import type { Notice } from "./process-log.ts";

const quietMs = 10_000;

/** Lets the same notice through once in ten seconds, so that a fault that repeats does not flood the terminal. */
export class NoticeFilter {
  readonly #lastShown = new Map<string, number>();
  readonly #now: () => number;

  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  shows(notice: Notice): boolean {
    const key = `${notice.process} ${notice.message}`;
    const now = this.#now();
    for (const [other, shownAt] of this.#lastShown) if (now - shownAt >= quietMs) this.#lastShown.delete(other);
    if (this.#lastShown.has(key)) return false;
    this.#lastShown.set(key, now);
    return true;
  }
}
