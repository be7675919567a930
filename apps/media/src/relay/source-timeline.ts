import type { MediaMessage } from "../rtmp/message.ts";

/** A step of a source's timestamps that no frame rate explains: its encoder started anew. */
const backwardJumpMs = 1_000;
const forwardJumpMs = 10_000;
/** The least step over a gap, so that two sources never share an instant. */
const minGapMs = 20;

/**
 * One studio's timeline, ms from the first frame it ever saw. Sources come, go
 * and change under it, and it only ever goes forward: after a loss it goes on
 * by the time that passed on the clock. Audio and video share one offset, so
 * their relation stays as the source had it.
 */
export class SourceTimeline {
  #offset: number | null = null;
  #latest = 0;
  #latestAt: number | null = null;
  readonly #lastOut = { video: 0, audio: 0, data: 0 };
  readonly #lastIn: { video: number | null; audio: number | null; data: number | null } = {
    video: null,
    audio: null,
    data: null,
  };

  /** The next message begins a new connection or a new source. */
  interrupt(): void {
    this.#offset = null;
    this.#lastIn.video = null;
    this.#lastIn.audio = null;
    this.#lastIn.data = null;
  }

  /** The message's place, ms; `now` is a monotonic clock's, ms. */
  place(message: MediaMessage, now: number): number {
    const { kind, timestamp } = message;
    // Configuration often carries 0 whatever the frames around it say.
    if (message.configuration || kind === "data") return this.#latest;
    if (this.#offset === null || this.#jumped(kind, timestamp, now)) {
      const gap = this.#latestAt === null ? 0 : Math.max(minGapMs, Math.round(now - this.#latestAt));
      this.#offset = this.#latest + gap - timestamp;
    }
    this.#lastIn[kind] = timestamp;
    const out = Math.max(timestamp + this.#offset, this.#lastOut[kind]);
    this.#lastOut[kind] = out;
    if (out >= this.#latest) this.#latest = out;
    this.#latestAt = now;
    return out;
  }

  #jumped(kind: MediaMessage["kind"], timestamp: number, now: number): boolean {
    const last = this.#lastIn[kind];
    if (last === null) return false;
    const silence = this.#latestAt === null ? 0 : now - this.#latestAt;
    return timestamp < last - backwardJumpMs || timestamp > last + silence + forwardJumpMs;
  }
}
