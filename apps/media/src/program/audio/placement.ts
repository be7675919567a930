import { DriftResampler } from "./drift-resampler.ts";
import type { Stereo } from "./pcm.ts";
import { sampleRate, samplesOf } from "./pcm.ts";
import type { SampleRing } from "./sample-ring.ts";

/** Further off than this, sound jumps to its place. */
const jumpSamples = samplesOf(30);
/** Timestamps in whole ms are no reason to touch a sound. */
const toleratedSamples = samplesOf(1);
/** One that is touched is brought so near that it can be left alone for long: as it is it costs nothing. */
const nearSamples = toleratedSamples / 4;
/** How much faster or slower sound may run: 9 cents, which nobody hears. */
const maxStretch = 0.005;
/** What it is off is made up within about this time. */
const catchUpSamples = sampleRate;
const smoothingSamples = sampleRate / 4;

/**
 * Puts a source's blocks into its ring one after the other, and keeps them where
 * their timestamps want them: small differences by running a little faster or
 * slower, large ones by a jump.
 */
export class Placement {
  readonly #ring: SampleRing;
  readonly #resampler = new DriftResampler();
  /** Where the next sample goes; null: wherever the next block says. */
  #next: number | null = null;
  /** How much too early the sound is, samples, smoothed. */
  #early = 0;
  #isMoving = false;

  constructor(ring: SampleRing) {
    this.#ring = ring;
  }

  get driftMs(): number {
    return (Math.abs(this.#early) * 1_000) / sampleRate;
  }

  /** The next block's place says nothing of the last one's. */
  interrupt(): void {
    this.#next = null;
    this.#early = 0;
  }

  /** So many samples were lost, and what follows has to be placed by its own time. */
  lost(samples: number): void {
    this.#ring.conceal(samples);
    this.interrupt();
  }

  /** A block whose first sample belongs at sample `at` (with a fraction). */
  push(at: number, block: Stereo): void {
    const early = this.#next === null ? 0 : at + this.#resampler.position - this.#next;
    if (this.#next === null || Math.abs(early) > jumpSamples) {
      this.#resampler.reset();
      this.#next = Math.round(at);
      this.#early = 0;
    } else {
      const weight = block.left.length / (block.left.length + smoothingSamples);
      this.#early += (early - this.#early) * weight;
    }
    const placed = this.#resampler.process(block, this.#step());
    this.#ring.write(this.#next, placed);
    this.#next += placed.left.length;
  }

  /** Input samples for one of the output: fewer where the sound is early; 1 as long as it is near its place. */
  #step(): number {
    const off = Math.abs(this.#early);
    this.#isMoving = off > (this.#isMoving ? nearSamples : toleratedSamples);
    return this.#isMoving ? 1 - Math.sign(this.#early) * Math.min(maxStretch, off / catchUpSamples) : 1;
  }
}
