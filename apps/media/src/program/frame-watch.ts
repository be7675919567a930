/** Looks in a row at which no frame had come: of a program that runs, and of one that begins. */
const looksInVain = { running: 3, beginning: 15 };

/**
 * Tells a program that makes no frames any more from one whose machine stood
 * still for a while: what counts is not the time but how often somebody could
 * look, and saw none.
 */
export class FrameWatch {
  #frames = 0;
  #seen = 0;
  #inVain = 0;

  made(): void {
    this.#frames += 1;
  }

  /** Asked at even times, once a second. */
  isStuck(): boolean {
    this.#inVain = this.#frames > this.#seen ? 0 : this.#inVain + 1;
    this.#seen = this.#frames;
    return this.#inVain >= (this.#frames > 0 ? looksInVain.running : looksInVain.beginning);
  }
}
