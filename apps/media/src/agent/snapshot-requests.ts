const deadlineMs = 2_000;

/** Pictures asked of one worker that it has not given yet. */
export class SnapshotRequests {
  readonly #waiting = new Map<number, (jpeg: Buffer | null) => void>();
  #lastId = 0;

  /** Sends the request by its number; null when there is no picture, or none in time. */
  async ask(send: (id: number) => void): Promise<Buffer | null> {
    const { promise, resolve } = Promise.withResolvers<Buffer | null>();
    this.#lastId += 1;
    const id = this.#lastId;
    this.#waiting.set(id, resolve);
    const timer = setTimeout(() => this.answer(id, null), deadlineMs);
    send(id);
    return promise.finally(() => clearTimeout(timer));
  }

  /** @param jpeg base64 */
  answer(id: number, jpeg: string | null): void {
    const resolve = this.#waiting.get(id);
    this.#waiting.delete(id);
    resolve?.(jpeg === null ? null : Buffer.from(jpeg, "base64"));
  }

  /** Its worker is gone. */
  close(): void {
    for (const id of this.#waiting.keys()) this.answer(id, null);
  }
}
