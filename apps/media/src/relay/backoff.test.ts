import assert from "node:assert/strict";
import { test } from "node:test";
import { backoffMs } from "./backoff.ts";

test("grows from half a second to half a minute, refusals from two seconds", () => {
  const most = (failures: number, refused: boolean) => backoffMs(failures, refused, () => 1);
  assert.deepEqual(
    [1, 2, 3, 4, 5, 6, 7, 100].map((failures) => most(failures, false)),
    [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000],
  );
  assert.deepEqual(
    [1, 2, 5, 100].map((failures) => most(failures, true)),
    [2_000, 4_000, 30_000, 30_000],
  );
});

test("the jitter is full: anything from nothing to all of it", () => {
  assert.equal(
    backoffMs(3, false, () => 0),
    0,
  );
  assert.equal(
    backoffMs(3, false, () => 0.5),
    1_000,
  );
});
