/** Between reading a picture and showing it. */
const aheadMs = 400;
/** From the first that is read to its being shown. */
const leadMs = 200;
/** Later than this, everything moves. */
const maxLateMs = 250;
/** A pulled stream whose timestamps step further has begun anew. */
const jumpMs = 5_000;
/** Pictures that may wait to be shown, of the 32 that a queue takes. */
const maxWaiting = 24;

/**
 * Puts what is read from a file on the engine's clock, just ahead of when it is
 * due. Pictures are meant to lie between two frames of the program, so that
 * rounded timestamps neither repeat nor skip one. Times in ms.
 */
export class Pace {
  readonly #now: () => number;
  readonly #frameMs: number;
  /** The engine's time for time 0 of what is read. */
  #base: number | null = null;
  #lastMs = 0;
  readonly #waiting: number[] = [];

  constructor(now: () => number, frameRate: number) {
    this.#now = now;
    this.#frameMs = 1_000 / frameRate;
  }

  /** When it is due. `isJump`: what was placed before does not belong to it. */
  place(ms: number, mayJump: boolean): { readonly dueMs: number; readonly isJump: boolean } {
    const now = this.#now();
    const isStep = mayJump && Math.abs(ms - this.#lastMs) > jumpMs;
    this.#lastMs = ms;
    const base = this.#base;
    if (base !== null && !isStep && now - (base + ms) < maxLateMs) return { dueMs: base + ms, isJump: false };
    this.#base = this.#betweenFrames(now + leadMs - ms);
    return { dueMs: this.#base + ms, isJump: true };
  }

  /** How long to hold something back before it goes to where it waits. */
  waitMs(dueMs: number, isPicture: boolean): number {
    const now = this.#now();
    if (!isPicture) return dueMs - aheadMs - now;
    this.#waiting.push(dueMs);
    const oldest = this.#waiting.length > maxWaiting ? (this.#waiting.shift() ?? now) : now;
    return Math.max(dueMs - aheadMs - now, oldest - now);
  }

  /** What follows begins where this ended. */
  next(lengthMs: number, hasPictures: boolean): void {
    if (this.#base === null) return;
    const end = this.#base + lengthMs;
    this.#base = hasPictures ? this.#betweenFrames(end + this.#frameMs / 2) : end;
    this.#lastMs = 0;
  }

  #betweenFrames(at: number): number {
    return Math.round(at / this.#frameMs) * this.#frameMs - this.#frameMs / 2;
  }
}
