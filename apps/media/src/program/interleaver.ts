import type { MediaMessage } from "../rtmp/message.ts";

/** Sound is held back for so long at the most, ms. */
const maxHeldMs = 2_000;

/**
 * Puts sound and picture in the order of their time: sound is ready sooner, and
 * waits until the picture is there.
 */
export class Interleaver {
  readonly #emit: (message: MediaMessage) => void;
  #videoAt = 0;
  #held: MediaMessage[] = [];

  constructor(emit: (message: MediaMessage) => void) {
    this.#emit = emit;
  }

  video(message: MediaMessage): void {
    this.#release(message.timestamp);
    this.#videoAt = message.timestamp;
    this.#emit(message);
  }

  audio(message: MediaMessage): void {
    if (message.configuration) this.#emit(message);
    else {
      this.#held.push(message);
      this.#release(Math.max(this.#videoAt, message.timestamp - maxHeldMs));
    }
  }

  #release(upTo: number): void {
    let [first] = this.#held;
    while (first !== undefined && first.timestamp <= upTo) {
      this.#held.shift();
      this.#emit(first);
      [first] = this.#held;
    }
  }
}
