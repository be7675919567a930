import assert from "node:assert/strict";
import { test } from "node:test";
import { ceiling, Limiter, limiterDelay } from "./limiter.ts";
import type { Stereo } from "./pcm.ts";
import { seededRandom, signal, tone } from "./testing/signals.ts";

function largest({ left, right }: Stereo): number {
  return [...left, ...right].reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
}

test("nothing is ever above the ceiling, whatever comes in, in blocks of any size", () => {
  for (let seed = 1; seed <= 20; seed += 1) {
    const random = seededRandom(seed);
    const limiter = new Limiter();
    let loudness = 1;
    for (let at = 0; at < 40_000;) {
      const count = 1 + Math.floor(random() * 2_000);
      if (random() < 0.3) loudness = 10 ** (random() * 4 - 2);
      const spiky = random() < 0.5;
      const noise = (): number => (random() * 2 - 1) * loudness * (spiky && random() > 0.01 ? 0.01 : 1);
      const block = signal(at, count, noise, noise);
      limiter.process(block);
      assert.ok(largest(block) <= ceiling, `seed ${seed} at ${at}: ${largest(block)}`);
      at += count;
    }
  }
});

test("below the ceiling it is a delay and nothing else, also once it has limited", () => {
  const limiter = new Limiter();
  const loud = signal(0, 48_000, tone(440, 4));
  limiter.process(loud);
  assert.ok(largest(loud) > 0.8);
  limiter.process(signal(0, 96_000, tone(440, 0.1)));
  const random = seededRandom(7);
  const input = signal(0, 9_600, () => (random() * 2 - 1) * 0.5);
  const output = { left: input.left.slice(), right: input.right.slice() };
  limiter.process(output);
  assert.deepEqual(output.left.slice(limiterDelay), input.left.slice(0, -limiterDelay));
  assert.deepEqual(output.right.slice(limiterDelay), input.right.slice(0, -limiterDelay));
});

test("a peak is met by a gain that has come down before it, without a kink", () => {
  const limiter = new Limiter();
  const input = signal(0, 9_600, (sample) => tone(1_000, sample === 4_812 ? 3 : 0.5)(sample));
  const output = { left: input.left.slice(), right: input.right.slice() };
  limiter.process(output);
  let worst = 0;
  for (let i = 1_000; i < 9_000; i += 1) {
    const dry = input.left[i] ?? 0;
    const before = input.left[i - 1] ?? 0;
    if (Math.abs(dry) < 0.2 || Math.abs(before) < 0.2) continue;
    const gain = (output.left[i + limiterDelay] ?? 0) / dry;
    const gainBefore = (output.left[i - 1 + limiterDelay] ?? 0) / before;
    worst = Math.max(worst, Math.abs(gain - gainBefore));
  }
  assert.ok(worst < 0.01, String(worst));
});

test("both sides are turned down alike", () => {
  const limiter = new Limiter();
  const block = signal(0, 9_600, tone(100, 2), tone(100, 0.2));
  limiter.process(block);
  for (let i = 1_000; i < 9_600; i += 1) {
    assert.ok(Math.abs((block.left[i] ?? 0) - 10 * (block.right[i] ?? 0)) < 1e-5);
  }
});

test("peaks between samples count", () => {
  const limiter = new Limiter();
  // A quarter of the rate, sampled beside its peaks: 3 dB more between the samples.
  const block = signal(0, 9_600, (sample) => Math.sin((Math.PI / 2) * (sample + 0.5)) * 1.2);
  limiter.process(block);
  assert.ok(largest({ left: block.left.slice(2_000), right: block.right.slice(2_000) }) < ceiling * 0.9);
});
