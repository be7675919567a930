import type { Frame } from "node-av/lib";

/**
 * A decoded or composed picture that several hold at once: freed when the last
 * of them releases it. Its pixels never change.
 */
export class SharedFrame {
  readonly frame: Frame;
  /** Pixels, as stored: before the pixels' aspect and turning. */
  readonly width: number;
  readonly height: number;
  readonly pixelAspect: number;
  #holders = 1;

  /** Takes the frame over; its maker is the first holder. */
  constructor(frame: Frame) {
    this.frame = frame;
    this.width = frame.width;
    this.height = frame.height;
    const { num, den } = frame.sampleAspectRatio;
    this.pixelAspect = num > 0 && den > 0 ? num / den : 1;
  }

  retain(): this {
    if (this.#holders === 0) throw new Error("a frame was taken that is already freed");
    this.#holders += 1;
    return this;
  }

  release(): void {
    this.#holders -= 1;
    if (this.#holders === 0) this.frame.free();
  }
}
