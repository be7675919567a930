import assert from "node:assert/strict";
import { test } from "node:test";
import { FrameWatch } from "./frame-watch.ts";

const looks = (watch: FrameWatch, count: number): boolean[] => Array.from({ length: count }, () => watch.isStuck());

test("a program is stuck at the third look in a row without a frame, and not while frames come", () => {
  const watch = new FrameWatch();
  watch.made();
  assert.deepEqual(looks(watch, 3), [false, false, false]);
  watch.made();
  assert.deepEqual(looks(watch, 4), [false, false, false, true]);
});

test("one that begins may take longer", () => {
  assert.equal(looks(new FrameWatch(), 15).indexOf(true), 14);
});
