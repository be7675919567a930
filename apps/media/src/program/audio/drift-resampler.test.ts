import assert from "node:assert/strict";
import { test } from "node:test";
import { DriftResampler } from "./drift-resampler.ts";
import { seededRandom, signal, tone } from "./testing/signals.ts";

test("with nothing to change, what comes out is what went in", () => {
  const random = seededRandom(1);
  const resampler = new DriftResampler();
  const input: number[] = [];
  const output: number[] = [];
  for (let i = 0; i < 50; i += 1) {
    const block = signal(0, Math.floor(random() * 1_500), () => random());
    input.push(...block.left);
    output.push(...resampler.process(block, 1).left);
    assert.equal(resampler.position, output.length - input.length);
  }
  assert.ok(output.length > input.length - 40);
  assert.deepEqual(output, input.slice(0, output.length));
});

for (const frequency of [100, 1_000, 5_000, 12_000, 16_000]) {
  test(`${frequency} Hz stays what it is, whatever the pace and the blocks`, () => {
    const random = seededRandom(frequency);
    const resampler = new DriftResampler();
    let given = 0;
    let place = 0;
    let worst = 0;
    for (let i = 0; i < 200; i += 1) {
      const step = 1 + (random() - 0.5) * 0.01;
      const count = Math.floor(random() * 1_500);
      const from = given + resampler.position;
      assert.ok(Math.abs(from - place) < 1e-6);
      const { left } = resampler.process(signal(given, count, tone(frequency)), step);
      given += count;
      for (const [k, sample] of left.entries()) {
        if (place > 64) worst = Math.max(worst, Math.abs(sample - tone(frequency)(place)));
        place = from + (k + 1) * step;
      }
    }
    assert.ok(worst < 0.001, String(worst));
  });
}

test("once there is nothing to change any more, what comes out is what went in, a whole number of samples later", () => {
  const resampler = new DriftResampler();
  resampler.process(signal(0, 1_024, tone(440)), 1.001);
  assert.ok(!Number.isInteger(resampler.position));
  resampler.process(signal(1_024, 1_024, tone(440)), 1);
  const from = 2_048 + resampler.position;
  const { left } = resampler.process(signal(2_048, 1_024, tone(440)), 1);
  assert.deepEqual([...left], [...signal(from, left.length, tone(440)).left]);
});
