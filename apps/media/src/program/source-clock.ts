/** Between a message's arrival and its place in the program, to begin with and at the most. */
const startBufferMs = 120;
const maxBufferMs = 500;
/** Beyond these a source's timestamps have jumped, rather than its network wavered. */
const maxLateMs = 200;
const maxAheadMs = 650;
/** A message that came late makes the buffer so much longer than was needed. */
const spareMs = 20;
/** After so long without a late message the buffer becomes shorter again. */
const quietMs = 30_000;
/** How much the clock may run faster or slower than the sender's. */
const slewRate = 0.005;
/** A new connection's first messages may have waited somewhere: what comes sooner counts at once. */
const settlingMs = 500;
const windowMs = 5_000;
const windowParts = 10;

/**
 * Puts a source's timestamps on the engine's clock, sound and picture by the
 * same anchor. Follows the sender's clock by the messages that came quickest,
 * and the network by a buffer that grows when they come too late. All in ms.
 */
export class SourceClock {
  #offset: number | null = null;
  #bufferMs = startBufferMs;
  #anchoredAt = 0;
  #lateAt = 0;
  #slewedAt = 0;
  /** The least of arrival minus timestamp, for each part of the window; newest last. */
  #quickest: { readonly since: number; delay: number }[] = [];
  #anchors = 0;

  /** How often it was anchored anew: timestamps before and after do not belong together. */
  get anchors(): number {
    return this.#anchors;
  }

  /** Between arrival and place in the program. */
  get bufferMs(): number {
    return this.#bufferMs;
  }

  /** The next message is the first of a new connection. */
  restart(): void {
    this.#offset = null;
  }

  /** Notes the arrival of a message by its (decoding) timestamp. */
  note(timestamp: number, arrivedAt: number): void {
    const delay = arrivedAt - timestamp;
    const lateMs = this.#offset === null ? Infinity : delay - this.#offset;
    if (this.#offset === null || lateMs > maxLateMs || -lateMs > maxAheadMs) {
      this.#anchor(delay, arrivedAt);
      return;
    }
    this.#noteDelay(delay, arrivedAt);
    if (lateMs > 0) {
      // What was due is over: picture and sound move on together at once.
      this.#bufferMs = Math.min(maxBufferMs, this.#bufferMs + lateMs + spareMs);
      this.#offset += lateMs + spareMs;
      this.#lateAt = arrivedAt;
      this.#slewedAt = arrivedAt;
      return;
    }
    if (arrivedAt - this.#anchoredAt < settlingMs) this.#offset = Math.min(this.#offset, delay + this.#bufferMs);
    else this.#slew(arrivedAt);
  }

  /** The engine's time for a timestamp; only after a first `note`. */
  place(timestamp: number): number {
    return timestamp + (this.#offset ?? 0);
  }

  #anchor(delay: number, now: number): void {
    this.#offset = delay + this.#bufferMs;
    this.#anchors += 1;
    this.#anchoredAt = now;
    this.#lateAt = now;
    this.#slewedAt = now;
    this.#quickest = [{ since: now, delay }];
  }

  #noteDelay(delay: number, now: number): void {
    const newest = this.#quickest.at(-1);
    if (newest !== undefined && now - newest.since < windowMs / windowParts) {
      newest.delay = Math.min(newest.delay, delay);
      return;
    }
    this.#quickest.push({ since: now, delay });
    if (this.#quickest.length > windowParts) this.#quickest.shift();
  }

  #slew(now: number): void {
    const elapsed = now - this.#slewedAt;
    this.#slewedAt = now;
    if (now - this.#lateAt > quietMs) this.#bufferMs = Math.max(startBufferMs, this.#bufferMs - elapsed * slewRate);
    const wanted = Math.min(...this.#quickest.map((part) => part.delay)) + this.#bufferMs;
    const step = elapsed * slewRate;
    const offset = this.#offset ?? wanted;
    this.#offset = offset + Math.min(step, Math.max(-step, wanted - offset));
  }
}
