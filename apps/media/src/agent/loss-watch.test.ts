import assert from "node:assert/strict";
import { test } from "node:test";
import { LossWatch } from "./loss-watch.ts";

const link = (received: number, lost: number, id = "1") => ({ id, received, lost });

test("loss is that of the last seconds, not of the whole connection", () => {
  const watch = new LossWatch();
  watch.update([link(0, 0)], 0);
  assert.equal(watch.of({ id: "1" }, 0), null, "nobody can tell yet");
  watch.update([link(900, 100)], 1_000);
  assert.equal(watch.of({ id: "1" }, 1_000), 0.1);
  for (let second = 2; second <= 10; second++) watch.update([link(second * 1_000, 100)], second * 1_000);
  assert.equal(watch.of({ id: "1" }, 10_000), 0);
  assert.equal(watch.of({ id: "1" }, 15_001), null, "the router does not answer any more");
});

test("of a few packets nothing is told, of nobody nothing is kept, and counters that begin anew are a new stream's", () => {
  const watch = new LossWatch();
  watch.update([link(0, 0), link(0, 0, "2")], 0);
  watch.update([link(90, 9), link(400, 600, "2")], 1_000);
  assert.equal(watch.of({ id: "1" }, 1_000), null);
  assert.equal(watch.of({ id: "2" }, 1_000), 0.6);
  watch.update([link(0, 0, "2")], 2_000);
  assert.equal(watch.of({ id: "2" }, 2_000), null);
  watch.update([link(200, 0, "2")], 3_000);
  assert.equal(watch.of({ id: "2" }, 3_000), 0);
  watch.update([], 4_000);
  assert.equal(watch.of({ id: "2" }, 4_000), null);
});
