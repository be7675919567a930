/** Late by more than this, frames are left out. */
const skipAfterMs = 1_000;

/**
 * When the program's frames are due. Frame n belongs at n / rate after time 0,
 * absolutely: a late one is caught up with, and frames are left out only when
 * the clock is more than a second behind. Times in ms since time 0.
 */
export class FrameClock {
  readonly #frameRate: number;
  #next = 0;
  #skipped = 0;

  constructor(frameRate: number) {
    this.#frameRate = frameRate;
  }

  /** Frames left out so far. */
  get skipped(): number {
    return this.#skipped;
  }

  timeOf(frame: number): number {
    return (frame * 1_000) / this.#frameRate;
  }

  /** How long until the next frame is due; 0 when it already is. */
  waitMs(now: number): number {
    return Math.max(0, this.timeOf(this.#next) - now);
  }

  /** The frame to make now; null when none is due yet. */
  take(now: number): number | null {
    if (this.timeOf(this.#next) > now) return null;
    if (now - this.timeOf(this.#next) > skipAfterMs) {
      const due = Math.floor((now * this.#frameRate) / 1_000);
      this.#skipped += due - this.#next;
      this.#next = due;
    }
    const frame = this.#next;
    this.#next += 1;
    return frame;
  }
}
