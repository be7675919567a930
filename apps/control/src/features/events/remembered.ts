/** Bytes of events that all tails of a node may remember. */
const mostOnNode = 64 * 1024 * 1024;

/**
 * Counts what the tails of a node remember. Where it is too much, those forget
 * that nothing was told of for longest: who joins them then reads the database.
 */
export class Remembered {
  readonly #most: number;
  /** By tail; what was told of last comes last. */
  readonly #bytes = new Map<{ forget(): void }, number>();
  #all = 0;

  constructor(most = mostOnNode) {
    this.#most = most;
  }

  /** A tail remembers so much now; 0: nothing any more. May have any tail `forget`, which must then note 0. */
  note(tail: { forget(): void }, bytes: number): void {
    this.#all += bytes - (this.#bytes.get(tail) ?? 0);
    this.#bytes.delete(tail);
    if (bytes > 0) this.#bytes.set(tail, bytes);
    for (const quietest of this.#bytes.keys()) {
      if (this.#all <= this.#most) break;
      quietest.forget();
    }
  }
}
