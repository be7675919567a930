import type { Stereo } from "./pcm.ts";
import { factorOf, sampleRate, samplesOf, stereo } from "./pcm.ts";

/** -1 dBFS, rounded down to what a Float32 holds. */
export const ceiling = Math.fround(factorOf(-1) - 1e-7);
/** It turns down over this long before a peak: 5 ms. */
const window = samplesOf(5);
/** A peak between two samples is known this much later than they. */
const interpolationDelay = 3;
const held = window + interpolationDelay;
/** Back to unity: 63 % in 80 ms. */
const release = 1 - Math.exp(-1 / (0.08 * sampleRate));

/** What goes in comes out this much later, samples. */
export const limiterDelay = held - 1;

/**
 * A look-ahead peak limiter over both channels. The gain that the next 5 ms
 * need at the least is held, released slowly, and averaged over those 5 ms: a
 * straight way down that arrives with the peak. Peaks between samples are
 * estimated by a cubic at the middle. Below the ceiling it changes nothing.
 */
export class Limiter {
  /** The last samples, oldest first, that have not come out. */
  readonly #waiting = stereo(limiterDelay);
  #input = stereo(0);
  readonly #gain = new LimiterGain();

  /** Replaces the samples by what comes out, `limiterDelay` samples late. */
  process(block: Stereo): void {
    const count = block.left.length;
    if (this.#input.left.length !== limiterDelay + count) this.#input = stereo(limiterDelay + count);
    const { left, right } = this.#input;
    for (const side of ["left", "right"] as const) {
      this.#input[side].set(this.#waiting[side]);
      this.#input[side].set(block[side], limiterDelay);
      this.#waiting[side].set(this.#input[side].subarray(count));
      block[side].set(this.#input[side].subarray(0, count));
    }
    for (let i = 0; i < count; i += 1) {
      const now = limiterDelay + i;
      const peak = Math.max(peakAt(left, now), peakAt(right, now));
      if (peak <= ceiling && this.#gain.isIdle) continue;
      const gain = this.#gain.next(peak > ceiling ? ceiling / peak : 1);
      block.left[i] = bounded((left[i] ?? 0) * gain);
      block.right[i] = bounded((right[i] ?? 0) * gain);
    }
  }
}

/** The way of the gain: held, released, averaged. */
class LimiterGain {
  /** Candidates for the least gain in the window, growing from the front to the back. */
  readonly #gains = new Float64Array(held + 1);
  readonly #times = new Float64Array(held + 1);
  #front = 0;
  #size = 0;
  readonly #averaged = new Float64Array(window).fill(1);
  #sum = window;
  /** How many samples have needed nothing, all the way through. */
  #unity = window;
  #released = 1;
  #time = 0;

  /** It is 1, and stays so until something is needed. */
  get isIdle(): boolean {
    return this.#unity >= window;
  }

  /** The gain of the sample `limiterDelay` before the one that needs `needed`. */
  next(needed: number): number {
    const gain = this.#smoothed(this.#leastGain(needed));
    this.#time += 1;
    return gain;
  }

  #leastGain(gain: number): number {
    const capacity = held + 1;
    while (this.#size > 0 && (this.#gains[(this.#front + this.#size - 1) % capacity] ?? 1) >= gain) this.#size -= 1;
    const back = (this.#front + this.#size) % capacity;
    this.#gains[back] = gain;
    this.#times[back] = this.#time;
    this.#size += 1;
    if ((this.#times[this.#front] ?? 0) <= this.#time - held) {
      this.#front = (this.#front + 1) % capacity;
      this.#size -= 1;
    }
    return this.#gains[this.#front] ?? 1;
  }

  #smoothed(least: number): number {
    const rising = this.#released + (1 - this.#released) * release;
    this.#released = Math.min(least, rising > 0.9999 ? 1 : rising);
    const slot = this.#time % window;
    this.#sum += this.#released - (this.#averaged[slot] ?? 1);
    this.#averaged[slot] = this.#released;
    this.#unity = this.#released === 1 ? this.#unity + 1 : 0;
    // Sums of fractions err a little: with nothing to limit, unity is exact again.
    if (this.#unity >= window) this.#sum = window;
    return this.#sum / window;
  }
}

/** The larger of the sample's peak and that half-way between the two before the last. */
function peakAt(samples: Float32Array, at: number): number {
  const d = samples[at] ?? 0;
  const middle = (9 * ((samples[at - 1] ?? 0) + (samples[at - 2] ?? 0)) - d - (samples[at - 3] ?? 0)) / 16;
  return Math.max(d, -d, middle, -middle);
}

function bounded(sample: number): number {
  return sample > ceiling ? ceiling : sample < -ceiling ? -ceiling : sample;
}
