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
/** How much later than the other one of sound and picture may come: transport streams send pictures ahead. */
const maxSkewMs = 2_000;
/** Those that were further apart belong together again when they are this near. */
const nearSkewMs = 1_000;
const windowMs = 5_000;
const windowParts = 10;

type Kind = "audio" | "video";
/** The least of arrival minus timestamp, for each part of the window; newest last. */
type Quickest = { readonly since: number; delay: number }[];

/**
 * Puts a source's timestamps on the engine's clock, sound and picture by the
 * same anchor. Follows the sender's clock by the messages that came quickest,
 * and the network by a buffer that grows when they come too late. Where sound and
 * picture of the same time come apart, the later one counts; where they are so far
 * apart that they say nothing of each other, each has an anchor of its own. All in ms.
 */
export class SourceClock {
  #offset: number | null = null;
  #bufferMs = startBufferMs;
  #anchoredAt = 0;
  #lateAt = 0;
  #slewedAt = 0;
  readonly #quickest = new Map<Kind, Quickest>();
  #anchors = 0;
  /** The one that has nothing to do with the other's anchor. */
  #apart: { readonly kind: Kind; readonly clock: SourceClock } | null = null;

  /** How often it was anchored anew: timestamps before and after do not belong together. */
  get anchors(): number {
    return this.#anchors;
  }

  /** Between arrival and place in the program. */
  get bufferMs(): number {
    return this.#bufferMs;
  }

  /** How much later than its picture sound is placed, against what their timestamps say. */
  get skewMs(): number {
    if (this.#apart === null) return 0;
    const later = this.#apart.clock.place(0) - this.#own(0);
    return this.#apart.kind === "audio" ? later : -later;
  }

  /** The next message is the first of a new connection. */
  restart(): void {
    this.#offset = null;
    this.#apart = null;
  }

  /** Notes the arrival of a message by its (decoding) timestamp. */
  note(timestamp: number, arrivedAt: number, kind: Kind = "video"): void {
    const delay = arrivedAt - timestamp;
    if (this.#offset === null) {
      this.#anchor(kind, delay, arrivedAt);
      return;
    }
    const latest = this.#latest(arrivedAt);
    if (this.#apart?.kind === kind) {
      if (Math.abs(delay - latest) > nearSkewMs) {
        this.#noteApart(this.#apart.clock, timestamp, arrivedAt, kind);
        return;
      }
      this.#apart = null;
      this.#anchors += 1;
    }
    const lateMs = delay - this.#offset;
    const own = this.#quickest.get(kind);
    if (own === undefined) {
      if (latest === -Infinity) this.#anchor(kind, delay, arrivedAt);
      else if (Math.abs(delay - latest) > maxSkewMs) {
        this.#apart = { kind, clock: new SourceClock() };
        this.#noteApart(this.#apart.clock, timestamp, arrivedAt, kind);
      } else this.#join(kind, delay, arrivedAt);
      return;
    }
    const aheadMs = -lateMs - Math.max(0, latest - least(own));
    if (lateMs > maxLateMs || aheadMs > maxAheadMs) {
      this.#anchor(kind, delay, arrivedAt);
      return;
    }
    noteDelay(own, delay, arrivedAt);
    if (lateMs > 0) {
      // What was due is over: picture and sound move on together at once.
      this.#bufferMs = Math.min(maxBufferMs, this.#bufferMs + lateMs + spareMs);
      this.#offset += lateMs + spareMs;
      this.#lateAt = arrivedAt;
      this.#slewedAt = arrivedAt;
      return;
    }
    if (arrivedAt - this.#anchoredAt < settlingMs)
      this.#offset = Math.min(this.#offset, this.#latest(arrivedAt) + this.#bufferMs);
    else this.#slew(arrivedAt);
  }

  /** The engine's time for a timestamp; only after a first `note`. */
  place(timestamp: number, kind: Kind = "video"): number {
    return this.#apart?.kind === kind ? this.#apart.clock.place(timestamp) : this.#own(timestamp);
  }

  #own(timestamp: number): number {
    return timestamp + (this.#offset ?? 0);
  }

  #noteApart(clock: SourceClock, timestamp: number, arrivedAt: number, kind: Kind): void {
    const { anchors } = clock;
    clock.note(timestamp, arrivedAt, kind);
    this.#anchors += clock.anchors - anchors;
  }

  #anchor(kind: Kind, delay: number, now: number): void {
    this.#offset = delay + this.#bufferMs;
    // Whether the other one belongs to it is seen anew.
    this.#apart = null;
    this.#anchors += 1;
    this.#anchoredAt = now;
    this.#lateAt = now;
    this.#slewedAt = now;
    this.#quickest.clear();
    this.#quickest.set(kind, [{ since: now, delay }]);
  }

  /** The first of the other kind. */
  #join(kind: Kind, delay: number, now: number): void {
    this.#quickest.set(kind, [{ since: now, delay }]);
    const offset = this.#offset ?? -Infinity;
    if (delay <= offset) return;
    this.#offset = delay + this.#bufferMs;
    this.#anchors += 1;
    this.#slewedAt = now;
  }

  /** The quickest of whichever kind comes later; of one that comes no more nothing counts. */
  #latest(now: number): number {
    let latest = -Infinity;
    for (const [kind, quickest] of this.#quickest) {
      if (now - (quickest.at(-1)?.since ?? now) > 2 * windowMs) this.#quickest.delete(kind);
      else latest = Math.max(latest, least(quickest));
    }
    return latest;
  }

  #slew(now: number): void {
    const elapsed = now - this.#slewedAt;
    this.#slewedAt = now;
    if (now - this.#lateAt > quietMs) this.#bufferMs = Math.max(startBufferMs, this.#bufferMs - elapsed * slewRate);
    const wanted = this.#latest(now) + this.#bufferMs;
    const step = elapsed * slewRate;
    const offset = this.#offset ?? wanted;
    this.#offset = offset + Math.min(step, Math.max(-step, wanted - offset));
  }
}

function least(quickest: Quickest): number {
  return Math.min(...quickest.map((part) => part.delay));
}

function noteDelay(quickest: Quickest, delay: number, now: number): void {
  const newest = quickest.at(-1);
  if (newest !== undefined && now - newest.since < windowMs / windowParts) {
    newest.delay = Math.min(newest.delay, delay);
    return;
  }
  quickest.push({ since: now, delay });
  if (quickest.length > windowParts) quickest.shift();
}
