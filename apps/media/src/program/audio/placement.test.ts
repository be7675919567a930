import assert from "node:assert/strict";
import { test } from "node:test";
import type { Stereo } from "./pcm.ts";
import { sampleRate, samplesOf, stereo } from "./pcm.ts";
import { Placement } from "./placement.ts";
import { SampleRing } from "./sample-ring.ts";
import { roughness, seededRandom, signal, tone } from "./testing/signals.ts";

const blockSamples = 1_024;
const capacity = 2 ** 17;

/** A tone on the left; on the right, which of a second's samples it is, from 0 to 1. Twice, to cut from. */
const second = signal(0, 2 * sampleRate, tone(1_000), (sample) => (sample % sampleRate) / sampleRate);

function source(from: number): Stereo {
  const start = from % sampleRate;
  const end = start + blockSamples;
  return { left: second.left.subarray(start, end), right: second.right.subarray(start, end) };
}

for (const ppm of [200, -200]) {
  test(`ten minutes of a clock that is off by ${ppm} ppm: in its place, and without a seam`, () => {
    const ring = new SampleRing(capacity, 0);
    const placement = new Placement(ring);
    const pace = 1 + ppm / 1e6;
    const heard = stereo(1_600);
    const tail = new Float32Array(1_602);
    let at = 0;
    let worstPlace = 0;
    let worstSeam = 0;
    for (let sample = 0; sample < 600 * sampleRate; sample += blockSamples) {
      // In whole ms, as RTMP has it.
      placement.push(samplesOf(Math.round((sample * pace * 1_000) / sampleRate)), source(sample));
      if (at + 1_600 + 4_800 > sample * pace) continue;
      ring.read(at, heard);
      tail.copyWithin(0, 1_600);
      tail.set(heard.left, 2);
      if (at > 9_600) worstSeam = Math.max(worstSeam, roughness(tail, 1_000));
      const is = heard.right[800] ?? 0;
      // Where the saw falls, it says nothing.
      if (Math.abs((heard.right[820] ?? 0) - (heard.right[780] ?? 0)) < 0.002) {
        const off = ((at + 800) / pace - is * sampleRate) % sampleRate;
        worstPlace = Math.max(worstPlace, Math.min(Math.abs(off), sampleRate - Math.abs(off)));
      }
      at += 1_600;
    }
    assert.ok(worstPlace < samplesOf(10), `${worstPlace} samples`);
    assert.ok(worstPlace > 0);
    assert.ok(worstSeam < 0.001, String(worstSeam));
    assert.ok(placement.driftMs < 2, String(placement.driftMs));
  });
}

test("a clock that is right, in whole ms, is left alone to the sample", () => {
  const ring = new SampleRing(capacity, 0);
  const placement = new Placement(ring);
  for (let sample = 0; sample < 40 * blockSamples; sample += blockSamples) {
    placement.push(samplesOf(Math.round((sample * 1_000) / sampleRate)), source(sample));
  }
  const heard = stereo(30_000);
  ring.read(1_000, heard);
  assert.deepEqual(
    heard,
    signal(1_000, 30_000, tone(1_000), (sample) => (sample % sampleRate) / sampleRate),
  );
});

test("20 ms off are made up without a seam, and a second off at once", () => {
  const ring = new SampleRing(2 ** 19, 0);
  const placement = new Placement(ring);
  const push = (from: number, to: number, off: number): void => {
    for (let sample = from; sample < to; sample += blockSamples) placement.push(sample + off, source(sample));
  };
  push(0, 48 * blockSamples, 0);
  push(48 * blockSamples, 96 * blockSamples, 960);
  assert.ok(placement.driftMs > 5 && placement.driftMs < 20, String(placement.driftMs));
  push(96 * blockSamples, 300 * blockSamples, 960);
  assert.ok(placement.driftMs < 3, String(placement.driftMs));
  const heard = stereo(290 * blockSamples);
  ring.read(blockSamples, heard);
  assert.ok(roughness(heard.left, 1_000) < 0.001);
  push(300 * blockSamples, 302 * blockSamples, 48_000);
  assert.equal(placement.driftMs, 0);
});

test("sound that has been brought near its place is left alone from then on, to the sample", () => {
  const ring = new SampleRing(2 ** 19, 0);
  const placement = new Placement(ring);
  for (let sample = 0; sample < 300 * blockSamples; sample += blockSamples)
    placement.push(sample + (sample < 48 * blockSamples ? 0 : 100), source(sample));
  assert.ok(placement.driftMs < 1, String(placement.driftMs));
  const heard = stereo(1_000);
  ring.read(296 * blockSamples, heard);
  const numbers = [...heard.right].map((saw) => saw * sampleRate);
  assert.ok(numbers.every((number) => Math.abs(number - Math.round(number)) < 0.01));
});

test("timestamps of any kind do no harm", () => {
  const random = seededRandom(11);
  const ring = new SampleRing(capacity, 0);
  const placement = new Placement(ring);
  const heard = stereo(1_600);
  for (let i = 0; i < 2_000; i += 1) {
    if (random() < 0.02) placement.interrupt();
    placement.push((random() - 0.2) * 10 ** (random() * 12), source(i * blockSamples));
    ring.read(i * 1_600, heard);
    assert.ok(heard.left.every((sample) => Math.abs(sample) <= 0.51));
  }
});
