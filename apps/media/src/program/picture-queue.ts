import type { SharedFrame } from "../ffmpeg/shared-frame.ts";

/** Decoded pictures that wait: half a second of 60 a second in 1080p, of 30 a second in 4K (200 MB). */
const maxWaiting = 32;
const maxWaitingPixels = 64 * 1920 * 1088;

/** Pictures may be shown so much before they are due. */
const leadMs = 4;
/** So close to the moment of a frame, whether a picture is due then is a matter of how its time was rounded. */
const closeMs = 1;

/**
 * A source's decoded pictures until they are due, and the one that is shown.
 *
 * Where pictures are due just when frames are made, some would come a little
 * before and some a little after: one shown twice, the next left out, and so on
 * for as long as the two clocks stay like that. So whoever just made it may come
 * earlier from then on, and whoever just did not may not.
 */
export class PictureQueue<Picture extends Pick<SharedFrame, "width" | "height" | "release"> = SharedFrame> {
  #waiting: { readonly picture: Picture; readonly dueMs: number }[] = [];
  #shown: Picture | null = null;
  #leadMs = 0;

  /** The newest picture that was due at the last `advance`; the queue holds it. */
  get shown(): Picture | null {
    return this.#shown;
  }

  /** Takes a picture over. */
  push(picture: Picture, dueMs: number): void {
    // After a jump back in time what was planned is void.
    while ((this.#waiting.at(-1)?.dueMs ?? -Infinity) >= dueMs) this.#waiting.pop()?.picture.release();
    this.#waiting.push({ picture, dueMs });
    const pixels = this.#waiting.length * picture.width * picture.height;
    if (this.#waiting.length > maxWaiting || pixels > maxWaitingPixels) this.#thin();
  }

  /** Shows the newest picture that is due by `now`; whether there was a new one. */
  advance(now: number): boolean {
    const until = now + this.#leadMs;
    let newestMs: number | null = null;
    for (let [next] = this.#waiting; next !== undefined && next.dueMs <= until; [next] = this.#waiting) {
      this.#waiting.shift();
      this.#shown?.release();
      this.#shown = next.picture;
      newestMs = next.dueMs;
    }
    const [next] = this.#waiting;
    if (newestMs !== null && until - newestMs < closeMs) this.#leadMs = leadMs;
    else if (next !== undefined && next.dueMs - until < closeMs) this.#leadMs = 0;
    return newestMs !== null;
  }

  /** Lets go every second one: if the oldest went, a source that is this quick would never be seen to move. */
  #thin(): void {
    const newest = this.#waiting.length - 1;
    this.#waiting = this.#waiting.filter(({ picture }, index) => {
      const isKept = (newest - index) % 2 === 0;
      if (!isKept) picture.release();
      return isKept;
    });
  }

  /** Lets go what waits; what is shown stays. */
  interrupt(): void {
    for (const { picture } of this.#waiting) picture.release();
    this.#waiting = [];
  }

  clear(): void {
    this.interrupt();
    this.#shown?.release();
    this.#shown = null;
  }
}
