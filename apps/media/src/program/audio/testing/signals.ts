import type { Stereo } from "../pcm.ts";
import { sampleRate, stereo } from "../pcm.ts";

/** Numbers from 0 to 1 that are the same in each run (mulberry32). */
export function seededRandom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Samples `from` and on of what `left` and `right` say of each sample. */
export function signal(
  from: number,
  count: number,
  left: (sample: number) => number,
  right: (sample: number) => number = left,
): Stereo {
  const block = stereo(count);
  for (let i = 0; i < count; i += 1) {
    block.left[i] = left(from + i);
    block.right[i] = right(from + i);
  }
  return block;
}

export function tone(frequency: number, amplitude = 0.5): (sample: number) => number {
  return (sample) => amplitude * Math.sin((2 * Math.PI * frequency * sample) / sampleRate);
}

/**
 * The largest of what a tone of this frequency, which may run half a percent off,
 * cannot explain, sample by sample: a click or a jump is of the size of the tone.
 */
export function roughness(samples: Float32Array, frequency: number): number {
  const twiceCos = 2 * Math.cos((2 * Math.PI * frequency) / sampleRate);
  let worst = 0;
  for (let i = 2; i < samples.length; i += 1) {
    const expected = twiceCos * (samples[i - 1] ?? 0) - (samples[i - 2] ?? 0);
    worst = Math.max(worst, Math.abs((samples[i] ?? 0) - expected));
  }
  return worst;
}
