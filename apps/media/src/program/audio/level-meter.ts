import type { Meter } from "../protocol.ts";
import type { Stereo } from "./pcm.ts";

/** What counts as silence, dBFS. */
const floor = -100;

/** Peak, and root mean square over both channels. */
export class LevelMeter {
  #peak = 0;
  #squares = 0;
  #samples = 0;
  #last: Meter = { peak: floor, rms: floor };

  add(block: Stereo): void {
    const { left, right } = block;
    let peak = this.#peak;
    let squares = 0;
    for (let i = 0; i < left.length; i += 1) {
      const l = left[i] ?? 0;
      const r = right[i] ?? 0;
      squares += l * l + r * r;
      const a = Math.max(l, -l, r, -r);
      if (a > peak) peak = a;
    }
    this.#peak = peak;
    this.#squares += squares;
    this.#samples += left.length * 2;
  }

  /** Since the last call; the same again where nothing came, as when frames come late: that is no silence. */
  take(): Meter {
    if (this.#samples === 0) return this.#last;
    const rms = Math.sqrt(this.#squares / this.#samples);
    this.#last = { peak: decibels(this.#peak), rms: decibels(rms) };
    this.#peak = 0;
    this.#squares = 0;
    this.#samples = 0;
    return this.#last;
  }
}

function decibels(factor: number): number {
  return factor === 0 ? floor : Math.max(floor, Math.round(200 * Math.log10(factor)) / 10);
}
