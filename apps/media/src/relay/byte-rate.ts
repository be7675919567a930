const windowMs = 3_000;

/** bit/s over the last three seconds of a byte count that only grows. */
export class ByteRate {
  readonly #samples: { readonly at: number; readonly bytes: number }[] = [];

  /** Takes the count as of `now` (monotonic, ms) and answers the rate, bit/s. */
  sample(bytes: number, now: number): number {
    this.#samples.push({ at: now, bytes });
    while (this.#samples.length > 2 && (this.#samples[1]?.at ?? now) <= now - windowMs) this.#samples.shift();
    const first = this.#samples[0];
    if (first === undefined || now <= first.at) return 0;
    return Math.max(0, Math.round(((bytes - first.bytes) * 8_000) / (now - first.at)));
  }
}
