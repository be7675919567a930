import type { Stereo } from "./pcm.ts";
import { stereo } from "./pcm.ts";

const taps = 32;
const phases = 1_024;
/** Samples that the filter needs before the one it is at. */
const past = taps / 2 - 1;
const kaiserBeta = 9;
/** Of half the sample rate: what lies above is faded out by the window. */
const cutoff = 0.95;

/** In a block of so many samples sound may move by half a sample: 2 cents. */
const settlingSamples = 500;

const coefficients = windowedSinc();

/**
 * Stretches or shrinks sound by a little: a windowed sinc of 32 taps, the nearest
 * of 1,024 phases (Smith, "Digital Audio Resampling"), which leaves a tone of
 * 1 kHz 84 dB above what it adds. As long as it has changed nothing, its output
 * is its input, exactly.
 */
export class DriftResampler {
  /** The last samples of the input, of which the filter still needs some. */
  #rest = stereo(past);
  /** Where the next output sample lies, in samples from the start of the rest. */
  #position = past;

  /**
   * Where the next output lies, in input samples from the start of the block that
   * comes next: negative, since the filter looks ahead.
   */
  get position(): number {
    return this.#position - this.#rest.left.length;
  }

  /** Begins anew: the next block has no past, and its first sample is the first of the output. */
  reset(): void {
    this.#rest = stereo(past);
    this.#position = past;
  }

  /** `step`: input samples for one of the output, about 1. */
  process(block: Stereo, step: number): Stereo {
    const input = joined(this.#rest, block);
    const length = input.left.length;
    const last = length - taps / 2;
    const isExact = step === 1 && Number.isInteger(this.#position);
    const count = Math.max(0, Math.ceil((last - this.#position) / step));
    const output = isExact ? slice(input, this.#position, this.#position + count) : stereo(count);
    let next = this.#position + count * step;
    // Between two samples there is no need to stay: half a sample more or less in a block is nothing to be heard.
    if (step === 1 && count >= settlingSamples) next = Math.round(next);
    if (!isExact) interpolate(input, this.#position, (next - this.#position) / Math.max(1, count), output);
    this.#position = next;
    const forget = Math.max(0, Math.floor(this.#position) - past);
    this.#rest = slice(input, forget, length);
    this.#position -= forget;
    return output;
  }
}

function interpolate(input: Stereo, from: number, step: number, output: Stereo): void {
  const { left, right } = input;
  const count = output.left.length;
  for (let i = 0; i < count; i += 1) {
    const position = from + i * step;
    const whole = Math.floor(position);
    let sample = whole - past;
    let l = 0;
    let r = 0;
    const row = Math.round((position - whole) * phases) * taps;
    for (let at = row; at < row + taps; at += 1, sample += 1) {
      const k = coefficients[at] ?? 0;
      l += (left[sample] ?? 0) * k;
      r += (right[sample] ?? 0) * k;
    }
    output.left[i] = l;
    output.right[i] = r;
  }
}

/** Row `phase` holds the taps for a sample that lies `phase / phases` after input sample 15 of 32. */
function windowedSinc(): Float32Array {
  const table = new Float32Array((phases + 1) * taps);
  for (let phase = 0; phase <= phases; phase += 1) {
    let sum = 0;
    for (let tap = 0; tap < taps; tap += 1) {
      const x = tap - past - phase / phases;
      const edge = x / (taps / 2);
      const window = Math.abs(edge) > 1 ? 0 : bessel(kaiserBeta * Math.sqrt(1 - edge * edge)) / bessel(kaiserBeta);
      const sinc = x === 0 ? cutoff : Math.sin(Math.PI * cutoff * x) / (Math.PI * x);
      table[phase * taps + tap] = sinc * window;
      sum += sinc * window;
    }
    for (let tap = 0; tap < taps; tap += 1) table[phase * taps + tap] = (table[phase * taps + tap] ?? 0) / sum;
  }
  return table;
}

/** The modified Bessel function of the first kind, order 0, by its series. */
function bessel(x: number): number {
  let sum = 1;
  let term = 1;
  for (let k = 1; k < 40; k += 1) {
    term *= (x / 2 / k) ** 2;
    sum += term;
  }
  return sum;
}

function joined(first: Stereo, second: Stereo): Stereo {
  const both = stereo(first.left.length + second.left.length);
  both.left.set(first.left);
  both.right.set(first.right);
  both.left.set(second.left, first.left.length);
  both.right.set(second.right, first.right.length);
  return both;
}

function slice(of: Stereo, from: number, to: number): Stereo {
  return { left: of.left.slice(from, to), right: of.right.slice(from, to) };
}
