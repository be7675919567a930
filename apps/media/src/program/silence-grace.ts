/** How many intervals have to agree before a source counts as slow. */
const wanted = 3;
/** A source's next picture is overdue after this many of its intervals. */
const overdue = 2;
const longestMs = 5_000;

/**
 * How long a source may be without a picture before it counts as gone: as long
 * as it is set, and longer where it has never been quicker, as a shared screen
 * on which nothing moves. One pause is no slowness: the shortest of the last
 * intervals counts.
 */
export class SilenceGrace {
  #lastMs: number | null = null;
  #intervals: number[] = [];

  /** Of a picture: when it is due, ms. */
  note(dueMs: number): void {
    if (this.#lastMs !== null && dueMs > this.#lastMs) {
      this.#intervals.push(dueMs - this.#lastMs);
      if (this.#intervals.length > wanted) this.#intervals.shift();
    }
    this.#lastMs = dueMs;
  }

  /** The next picture is the first of a new connection. */
  restart(): void {
    this.#lastMs = null;
    this.#intervals = [];
  }

  /** `silenceMs`: as set for the source. */
  graceMs(silenceMs: number): number {
    if (this.#intervals.length < wanted) return silenceMs;
    return Math.max(silenceMs, Math.min(longestMs, overdue * Math.min(...this.#intervals)));
  }
}
