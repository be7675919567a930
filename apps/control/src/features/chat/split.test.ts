import assert from "node:assert/strict";
import { test } from "node:test";
import { splitText } from "./split.ts";

const of = (longest: number | null, longer: "split" | "refuse" = "split") => ({ longest, longer });

test("what fits is one part, without the space around it", () => {
  assert.deepEqual(splitText(" hello ", of(5)), ["hello"]);
  assert.deepEqual(splitText("x".repeat(2_000), of(null)), ["x".repeat(2_000)]);
});

test("what is too long is split at spaces, or refused", () => {
  assert.deepEqual(splitText("aaaa bbbb cccc", of(9)), ["aaaa bbbb", "cccc"]);
  assert.deepEqual(splitText("abcdefghij", of(4)), ["abcd", "efgh", "ij"]);
  assert.equal(splitText("abcdefghij", of(4, "refuse")), null);
});

test("characters are counted, and none is cut in two", () => {
  assert.deepEqual(splitText("🎉🎉🎉", of(2)), ["🎉🎉", "🎉"]);
});

test("bytes are counted where the platform does, and none of a character's is parted from the others", () => {
  const can = { ...of(6), longestBytes: 10 };
  assert.deepEqual(splitText("abcdef", can), ["abcdef"]);
  assert.deepEqual(splitText("abcdefg", can), ["abcdef", "g"]);
  assert.deepEqual(splitText("🎉🎉🎉", can), ["🎉🎉", "🎉"]);
});

test("no text becomes more than ten parts", () => {
  assert.equal(splitText("x".repeat(101), of(10)), null);
  assert.equal(splitText("x".repeat(100), of(10))?.length, 10);
});
