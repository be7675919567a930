import assert from "node:assert/strict";
import { test } from "node:test";
import { median, percentile, ratios } from "./statistics.ts";

test("the median of an odd and of an even number of samples", () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 3, 2]), 2.5);
  assert.ok(Number.isNaN(median([])));
});

test("percentiles by nearest rank", () => {
  const samples = Array.from({ length: 20 }, (_, index) => 20 - index);
  assert.equal(percentile(samples, 0.5), 10);
  assert.equal(percentile(samples, 0.95), 19);
  assert.equal(percentile(samples, 1), 20);
  assert.equal(percentile([7], 0.95), 7);
});

test("ratios pair the repetitions", () => {
  assert.deepEqual(ratios([2, 9], [4, 3]), [0.5, 3]);
});
