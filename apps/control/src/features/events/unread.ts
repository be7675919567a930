/** What is written to followers of this node and not yet taken by them is kept below this, bytes. */
export const mostUnread = 128 * 1024 * 1024;

type Waiting = { readonly bytes: number; readonly close: () => void };

/**
 * Counts what waits to be taken by all who follow on a node. Where it is too
 * much, those who have taken nothing for longest are closed: a client resumes
 * after the last event it has, and misses nothing.
 */
export class Unread {
  readonly #most: number;
  /** Who has waited longest comes first. */
  readonly #waiting = new Set<Waiting>();
  #bytes = 0;

  constructor(most = mostUnread) {
    this.#most = most;
  }

  /** Counts these bytes until the returned function is called. May call any `close`, this one included. */
  wait(bytes: number, close: () => void): () => void {
    const one = { bytes, close };
    this.#waiting.add(one);
    this.#bytes += bytes;
    for (const longest of this.#waiting) {
      if (this.#bytes <= this.#most) break;
      this.#leave(longest);
      longest.close();
    }
    return () => this.#leave(one);
  }

  #leave(one: Waiting): void {
    if (this.#waiting.delete(one)) this.#bytes -= one.bytes;
  }
}
