import type { SharedFrame } from "../ffmpeg/shared-frame.ts";

/** A clip's thumbnail is from a tenth of it, but from no later than this, ms: many begin with black. */
const latestMs = 10_000;

/** Chooses the picture that stands for a clip, from all of them in their order. */
export class Still {
  readonly #wantedMs: number;
  #picture: SharedFrame | null = null;
  #isChosen = false;

  constructor(durationMs: number | null) {
    this.#wantedMs = Math.min(latestMs, (durationMs ?? 0) / 10);
  }

  /** The best so far, held here. */
  get picture(): SharedFrame | null {
    return this.#picture;
  }

  /** None that comes is better. */
  get isChosen(): boolean {
    return this.#isChosen;
  }

  note(picture: SharedFrame, ms: number): void {
    if (this.#isChosen) return;
    this.release();
    this.#picture = picture.retain();
    this.#isChosen = ms >= this.#wantedMs;
  }

  release(): void {
    this.#picture?.release();
    this.#picture = null;
  }
}
