import type { SharedFrame } from "../ffmpeg/shared-frame.ts";

/** Decoded pictures that wait: half a second of 60 a second. Beyond it the oldest go. */
const maxWaiting = 32;

/** A source's decoded pictures until they are due, and the one that is shown. */
export class PictureQueue {
  #waiting: { readonly picture: SharedFrame; readonly dueMs: number }[] = [];
  #shown: SharedFrame | null = null;

  /** The newest picture that was due at the last `advance`; the queue holds it. */
  get shown(): SharedFrame | null {
    return this.#shown;
  }

  /** Takes a picture over. */
  push(picture: SharedFrame, dueMs: number): void {
    // After a jump back in time what was planned is void.
    while ((this.#waiting.at(-1)?.dueMs ?? -Infinity) >= dueMs) this.#waiting.pop()?.picture.release();
    this.#waiting.push({ picture, dueMs });
    if (this.#waiting.length > maxWaiting) this.#waiting.shift()?.picture.release();
  }

  /** Shows the newest picture that is due by `now`; whether there was a new one. */
  advance(now: number): boolean {
    let isNew = false;
    for (let [next] = this.#waiting; next !== undefined && next.dueMs <= now; [next] = this.#waiting) {
      this.#waiting.shift();
      this.#shown?.release();
      this.#shown = next.picture;
      isNew = true;
    }
    return isNew;
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
