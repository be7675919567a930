import assert from "node:assert/strict";
import { test } from "node:test";
import { SilenceGrace } from "./silence-grace.ts";

function after(...dues: readonly number[]): number {
  const grace = new SilenceGrace();
  for (const due of dues) grace.note(due);
  return grace.graceMs(1_000);
}

test("a source is gone after the time that is set, one that was always slow when its next picture is overdue", () => {
  assert.equal(after(), 1_000);
  assert.equal(after(0, 33, 67, 100), 1_000);
  assert.equal(after(0, 2_000), 1_000);
  assert.equal(after(0, 2_000, 4_000, 6_000), 4_000);
  assert.equal(after(0, 9_000, 18_000, 27_000), 5_000);
});

test("a pause does not make a quick source a slow one, nor do timestamps that jump", () => {
  assert.equal(after(0, 33, 67, 6_067), 1_000);
  assert.equal(after(0, 33, 6_033, 6_067, 12_067, 12_100), 1_000);
  assert.equal(after(0, 33, 67, 100, -50_000, -49_967), 1_000);
});
