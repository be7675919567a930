import assert from "node:assert/strict";
import { test } from "node:test";
import { PresetLadder } from "./preset-ladder.ts";

/** 10 frames a second, each that much behind. */
function run(ladder: PresetLadder, from: number, seconds: number, behindMs: number): number {
  const to = from + seconds * 1_000;
  for (let now = from; now < to; now += 100) ladder.note(behindMs, now);
  return to;
}

test("an encoder that stays behind is given less and less to do", () => {
  const ladder = new PresetLadder();
  let now = run(ladder, 0, 1.9, 500);
  assert.equal(ladder.effort.name, "veryfast");
  now = run(ladder, now, 1, 500);
  assert.equal(ladder.effort.name, "superfast");
  now = run(ladder, now, 5, 500);
  assert.equal(ladder.effort.name, "ultrafast");
  now = run(ladder, now, 5, 500);
  assert.equal(ladder.effort.name, "ultrafast/2");
  run(ladder, now, 30, 500);
  assert.equal(ladder.effort.name, "ultrafast/2");
});

test("a moment behind does nothing", () => {
  const ladder = new PresetLadder();
  let now = 0;
  for (let round = 0; round < 20; round += 1) {
    now = run(ladder, now, 1.5, 500);
    now = run(ladder, now, 1, 0);
  }
  assert.equal(ladder.effort.name, "veryfast");
});

test("after a quiet minute it is given more again, and after a failure later", () => {
  const ladder = new PresetLadder();
  let now = run(ladder, 0, 3, 500);
  now = run(ladder, now, 59, 0);
  assert.equal(ladder.effort.name, "superfast");
  now = run(ladder, now, 2, 0);
  assert.equal(ladder.effort.name, "veryfast");
  now = run(ladder, now, 7, 500);
  assert.equal(ladder.effort.name, "superfast");
  now = run(ladder, now, 110, 0);
  assert.equal(ladder.effort.name, "superfast");
  run(ladder, now, 12, 0);
  assert.equal(ladder.effort.name, "veryfast");
});
