import assert from "node:assert/strict";
import { test } from "node:test";
import { growthOf } from "./memory.ts";

test("growth is from the second tenth to the last", () => {
  const samples = Array.from({ length: 100 }, (_, index) => ({
    atSeconds: 10 * index,
    programPid: 1,
    rssMb: { program: index < 10 ? 50 : 100 + (index >= 90 ? 4 : 0) },
  }));
  assert.deepEqual(growthOf(samples, "program"), { earlyMb: 100, lateMb: 104, percent: 4 });
});
