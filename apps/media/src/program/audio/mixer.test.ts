import assert from "node:assert/strict";
import { test } from "node:test";
import { add, scale } from "./mixer.ts";
import { stereo } from "./pcm.ts";
import { Ramp } from "./ramp.ts";
import { seededRandom, signal } from "./testing/signals.ts";

test("a mix is the sum of its parts, to the sample", () => {
  const random = seededRandom(5);
  const parts = [0.5, 1, 0].map((factor) => ({
    factor,
    block: signal(
      0,
      5_000,
      () => random() - 0.5,
      () => random() - 0.5,
    ),
  }));
  const mix = stereo(5_000);
  for (const { factor, block } of parts) add(mix, block, new Ramp(factor));
  for (const side of ["left", "right"] as const) {
    const [a, b] = parts.map(({ block }) => block[side]);
    assert.ok(mix[side].every((sample, i) => sample === Math.fround(Math.fround((a?.[i] ?? 0) * 0.5) + (b?.[i] ?? 0))));
  }
});

test("a factor goes in a straight line, over blocks of any size, and a target that stays is not begun anew", () => {
  const ramp = new Ramp(1);
  ramp.to(0, 1_000);
  const whole: number[] = [];
  for (const count of [1, 300, 99, 500, 400]) {
    const block = signal(0, count, () => 1);
    scale(block, ramp);
    whole.push(...block.left);
    ramp.to(0, 1_000);
  }
  for (const [i, sample] of whole.entries()) {
    assert.ok(Math.abs(sample - Math.max(0, 1 - (i + 1) / 1_000)) < 1e-6, `${i}: ${sample}`);
  }
  assert.equal(ramp.value, 0);
  ramp.to(1, 0);
  assert.equal(ramp.value, 1);
});
