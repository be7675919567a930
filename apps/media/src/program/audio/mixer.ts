import type { Stereo } from "./pcm.ts";
import type { Ramp } from "./ramp.ts";

/** Multiplies the block by the factor. */
export function scale(block: Stereo, factor: Ramp): void {
  if (factor.isSteady && factor.value === 1) return;
  const { left, right } = block;
  for (let i = 0; i < left.length; i += 1) {
    const g = factor.next();
    left[i] = (left[i] ?? 0) * g;
    right[i] = (right[i] ?? 0) * g;
  }
}

/** Adds the block, multiplied by the factor, to a mix of the same length. */
export function add(mix: Stereo, block: Stereo, factor: Ramp): void {
  if (factor.isSteady && factor.value === 0) return;
  const { left, right } = block;
  for (let i = 0; i < left.length; i += 1) {
    const g = factor.next();
    mix.left[i] = (mix.left[i] ?? 0) + (left[i] ?? 0) * g;
    mix.right[i] = (mix.right[i] ?? 0) + (right[i] ?? 0) * g;
  }
}

/** Goes over from one block to the other, whose part the factor is. The other is overwritten. */
export function crossfade(from: Stereo, to: Stereo, factor: Ramp): void {
  for (let i = 0; i < to.left.length; i += 1) {
    const g = factor.next();
    to.left[i] = (from.left[i] ?? 0) * (1 - g) + (to.left[i] ?? 0) * g;
    to.right[i] = (from.right[i] ?? 0) * (1 - g) + (to.right[i] ?? 0) * g;
  }
}
