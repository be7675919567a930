import assert from "node:assert/strict";
import { test } from "node:test";
import { FrameClock } from "./frame-clock.ts";

test("frames are due at absolute times, and none before its time", () => {
  const clock = new FrameClock(30);
  assert.equal(clock.take(0), 0);
  assert.equal(clock.take(33.3), null);
  assert.ok(Math.abs(clock.waitMs(33) - 1 / 3) < 1e-9);
  assert.equal(clock.take(33.4), 1);
  assert.equal(clock.timeOf(90), 3_000);
});

test("a second late is caught up with, frame by frame", () => {
  const clock = new FrameClock(30);
  clock.take(0);
  const taken: number[] = [];
  for (let frame = clock.take(1_000); frame !== null; frame = clock.take(1_000)) taken.push(frame);
  assert.deepEqual(
    taken,
    Array.from({ length: 30 }, (_, index) => index + 1),
  );
  assert.equal(clock.skipped, 0);
});

test("more than a second late, frames are left out and counted", () => {
  const clock = new FrameClock(30);
  clock.take(0);
  assert.equal(clock.take(5_000), 150);
  assert.equal(clock.skipped, 149);
  assert.equal(clock.take(5_000), null);
});
