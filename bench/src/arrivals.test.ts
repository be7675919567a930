import assert from "node:assert/strict";
import { test } from "node:test";
import { changeTo } from "./arrivals.ts";

test("a change is where the pictures become another's, not where they go on", () => {
  const arrivals = [3, 3, 12, 12, null, 3, 3].map((source, index) => ({ at: 100 * index, source }));
  assert.equal(changeTo(12, 150, arrivals), 50);
  assert.equal(changeTo(3, 50, arrivals), 450, "what is on at the moment does not count");
  assert.throws(() => changeTo(12, 250, arrivals), /never changed/);
});
