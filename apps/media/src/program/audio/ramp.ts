/** A factor that moves to its target in a straight line, so that no change clicks. */
export class Ramp {
  #value: number;
  #target: number;
  #step = 0;
  #left = 0;

  constructor(value: number) {
    this.#value = value;
    this.#target = value;
  }

  get value(): number {
    return this.#value;
  }

  get isSteady(): boolean {
    return this.#left === 0;
  }

  /** Moves to `target` within `samples`. The target that it has already is reached as it was going to be. */
  to(target: number, samples: number): void {
    if (target === this.#target) return;
    this.#target = target;
    if (samples < 1) {
      this.#value = target;
      this.#left = 0;
      return;
    }
    this.#left = samples;
    this.#step = (target - this.#value) / samples;
  }

  /** The factor of the next sample. */
  next(): number {
    if (this.#left === 0) return this.#value;
    this.#left -= 1;
    this.#value = this.#left === 0 ? this.#target : this.#value + this.#step;
    return this.#value;
  }
}
