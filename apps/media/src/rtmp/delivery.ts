/** What is known, at one moment, of what a peer took. */
export type Delivered = {
  readonly takenBytes: number;
  readonly takenAt: number | null;
  readonly acknowledges: boolean;
};

const firstWindow = 32_768;
const smallestWindow = 16_384;
const largestWindow = 200_000;

/** A full receive buffer still lets a little in now and then, with nobody reading it. */
const trickleBytes = 8192;

/**
 * Judges from a peer's acknowledgements, or where it sends none from our own
 * send queues, what it took and whether it still takes. Pure: the caller brings
 * the clock (`performance.now()`, ms) and the counts (bytes since the
 * connection opened).
 *
 * A peer that acknowledges is believed over the kernel: a frozen program's
 * kernel goes on taking megabytes.
 */
export class Delivery {
  readonly #silenceMs: number;
  /** How often the peer is asked to acknowledge, bytes. */
  #window = firstWindow;
  #acknowledged = 0;
  #lastSequence = 0;
  #acknowledges = false;
  /** Bytes between its last two acknowledgements: what it does, whatever it was asked. */
  #stride = 0;
  #left = 0;
  #takenAt: number | null = null;
  /** Since when the peer has owed us more than it should; null: it does not. */
  #owingSince: number | null = null;
  #rate: number | null = null;
  #lastWritten = 0;
  #lastTick: number | null = null;

  constructor(silenceMs: number) {
    this.#silenceMs = silenceMs;
  }

  get window(): number {
    return this.#window;
  }

  /** Whether acknowledgements come often enough to judge by them. */
  get tellsByItself(): boolean {
    return this.#acknowledges && this.#stride <= 4 * this.#window;
  }

  delivered(): Delivered {
    return {
      takenBytes: this.tellsByItself ? this.#acknowledged : Math.max(this.#acknowledged, this.#left),
      takenAt: this.#takenAt,
      acknowledges: this.#acknowledges,
    };
  }

  /** `sequence` counts what the peer received, modulo 2^32; some count the handshake, some do not. */
  acknowledge(sequence: number, now: number): void {
    const growth = (sequence - this.#lastSequence) >>> 0;
    if (growth === 0 || growth >= 2 ** 31) return;
    this.#lastSequence = sequence;
    this.#acknowledges = true;
    this.#stride = growth;
    this.#acknowledged += growth;
    this.#takenAt = now;
    this.#owingSince = null;
  }

  /** Whether it took something in the last `withinMs`. */
  tookWithin(withinMs: number, now: number): boolean {
    return this.#takenAt !== null && now - this.#takenAt <= withinMs;
  }

  /** `unsent`: bytes written that are still in this process or this kernel, counted no earlier than `written`. */
  sampleQueues(written: number, unsent: number, now: number): void {
    const left = Math.max(0, written - unsent);
    if (left <= this.#left || (unsent > 0 && left - this.#left < trickleBytes)) return;
    this.#left = left;
    if (this.tellsByItself) return;
    this.#takenAt = now;
    this.#owingSince = null;
  }

  /** Call about once a second, after sampling; true once the peer has taken nothing for too long while bytes are owed. */
  tick(written: number, now: number): boolean {
    this.#measure(written, now);
    const owed = this.tellsByItself
      ? written - this.#acknowledged > 3 * Math.max(this.#window, this.#stride)
      : written > Math.max(this.#left, this.#acknowledged);
    if (!owed) this.#owingSince = null;
    else this.#owingSince ??= now;
    return this.#owingSince !== null && now - this.#owingSince >= this.#silenceMs;
  }

  /** A window of about a second of what is sent, where that is far from the present one: then the peer should be told. */
  nextWindow(): number | null {
    if (this.#rate === null) return null;
    const fit = Math.min(largestWindow, Math.max(smallestWindow, Math.round(this.#rate)));
    if (fit < 2 * this.#window && fit * 2 > this.#window) return null;
    this.#window = fit;
    return fit;
  }

  #measure(written: number, now: number): void {
    if (this.#lastTick !== null && now > this.#lastTick) {
      const rate = ((written - this.#lastWritten) * 1000) / (now - this.#lastTick);
      if (rate > 0) this.#rate = this.#rate === null ? rate : this.#rate * 0.7 + rate * 0.3;
    }
    this.#lastWritten = written;
    this.#lastTick = now;
  }
}
