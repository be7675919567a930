import assert from "node:assert/strict";
import { test } from "node:test";
import { stereo } from "./pcm.ts";
import type { Stereo } from "./pcm.ts";
import { edgeSamples, SampleRing } from "./sample-ring.ts";
import { roughness, seededRandom, signal, tone } from "./testing/signals.ts";

function read(ring: SampleRing, from: number, count: number): Stereo {
  const into = stereo(count);
  ring.read(from, into);
  return into;
}

test("what is written comes back exactly, in blocks of any size, over the ring's end", () => {
  const random = seededRandom(3);
  const ring = new SampleRing(8_192, 0);
  const sound = signal(0, 60_000, () => random() - 0.5, () => random() - 0.5); // prettier-ignore
  let written = 0;
  for (let at = 0; at + 1_000 < 50_000;) {
    while (written < at + 3_000) {
      const count = 1 + Math.floor(random() * 1_500);
      const to = written + count;
      ring.write(written, { left: sound.left.slice(written, to), right: sound.right.slice(written, to) });
      written = to;
    }
    const count = 1 + Math.floor(random() * 1_500);
    const block = read(ring, at, count);
    const exactFrom = Math.max(0, edgeSamples - at);
    assert.deepEqual(block.left.slice(exactFrom), sound.left.slice(at + exactFrom, at + count));
    assert.deepEqual(block.right.slice(exactFrom), sound.right.slice(at + exactFrom, at + count));
    at += count;
  }
});

test("what was never written is silence", () => {
  const ring = new SampleRing(4_096, 0);
  assert.ok(read(ring, 0, 500).left.every((sample) => sample === 0));
  ring.write(
    1_000,
    signal(0, 1_000, () => 1),
  );
  ring.write(
    3_000,
    signal(0, 1_000, () => 1),
  );
  const { left } = read(ring, 500, 4_000);
  assert.ok(left.slice(0, 500).every((sample) => sample === 0));
  assert.ok(left.slice(500 + edgeSamples, 1_500 - edgeSamples).every((sample) => sample === 1));
  assert.ok(left.slice(1_500, 2_500).every((sample) => sample === 0));
  assert.ok(left.slice(2_500 + edgeSamples, 3_500 - edgeSamples).every((sample) => sample === 1));
  assert.ok(left.slice(3_500).every((sample) => sample === 0));
  assert.ok(read(ring, 20_000, 5_000).left.every((sample) => sample === 0));
});

test("beginnings, ends, gaps, jumps and late arrivals do not click", () => {
  const sound = tone(100, 0.9);
  const ring = new SampleRing(8_192, 0);
  const heard: number[] = [];
  const hear = (to: number): void => {
    heard.push(...read(ring, heard.length, to - heard.length).left);
  };
  ring.write(1_000, signal(1_000, 2_000, sound));
  hear(2_900);
  // Just before its end: it had begun to fade out.
  ring.write(3_000, signal(3_000, 1_000, sound));
  hear(3_500);
  ring.write(4_500, signal(4_500, 2_000, sound));
  hear(5_000);
  // A jump back, and another place of the tone.
  ring.write(5_700, signal(123, 2_000, sound));
  hear(8_000);
  // Its first half is too late.
  ring.write(7_500, signal(7_500, 2_000, sound));
  hear(10_000);
  assert.ok(heard.some((sample) => sample > 0.85));
  let steepest = 0;
  for (let i = 1; i < heard.length; i += 1) {
    steepest = Math.max(steepest, Math.abs((heard[i] ?? 0) - (heard[i - 1] ?? 0)));
  }
  // The tone itself rises by 0.012 a sample, an edge by 0.004.
  assert.ok(steepest < 0.02, String(steepest));
});

test("what comes too late, or lies too far ahead, changes nothing", () => {
  const ring = new SampleRing(4_096, 10_000);
  ring.write(
    8_000,
    signal(0, 1_500, () => 1),
  );
  ring.write(
    200_000,
    signal(0, 1_500, () => 1),
  );
  assert.ok(read(ring, 10_000, 4_000).left.every((sample) => sample === 0));
  ring.write(14_000, signal(14_000, 2_000, tone(1_000)));
  assert.ok(roughness(read(ring, 14_300, 1_000).left, 1_000) < 1e-6);
});

test("what is lost is made up of what was heard, goes over into what comes, and is silent after 60 ms", () => {
  const sing = tone(437);
  const ring = new SampleRing(32_768, 0);
  ring.write(0, signal(0, 9_600, sing));
  ring.conceal(1_920);
  ring.write(11_520, signal(11_520, 9_600, sing));
  read(ring, 0, 2_000);
  const heard = read(ring, 2_000, 16_000).left;
  assert.ok(roughness(heard, 437) < 0.05, String(roughness(heard, 437)));
  const lowest = (from: number, to: number) => Math.max(...heard.slice(from - 2_000, to - 2_000).map(Math.abs));
  assert.ok(lowest(11_000, 11_300) > 0.15, "it goes on");

  const long = new SampleRing(32_768, 0);
  long.write(0, signal(0, 9_600, sing));
  long.conceal(9_600);
  long.write(19_200, signal(19_200, 4_800, sing));
  read(long, 0, 2_000);
  const rest = read(long, 2_000, 20_000).left;
  assert.ok(roughness(rest, 437) < 0.05);
  assert.ok(rest.slice(9_600 + 2_880 - 2_000, 19_200 - 2_000).every((sample) => sample === 0));
});

test("nothing is made up after too little sound, or when the end is being heard already", () => {
  for (const [written, readTo] of [
    [300, 0],
    [4_800, 4_700],
  ] as const) {
    const ring = new SampleRing(8_192, 0);
    ring.write(0, signal(0, written, tone(437)));
    read(ring, 0, readTo);
    ring.conceal(960);
    assert.ok(read(ring, written, 960).left.every((sample) => sample === 0));
  }
});
