import assert from "node:assert/strict";
import { test } from "node:test";
import { canonicalJson } from "./idempotency.ts";

test("equal payloads are equal text, whatever the order of their names", () => {
  assert.equal(canonicalJson({ b: [{ d: 1, c: null }], a: "x" }), canonicalJson({ a: "x", b: [{ c: null, d: 1 }] }));
  assert.notEqual(canonicalJson({ a: [1, 2] }), canonicalJson({ a: [2, 1] }));
  assert.notEqual(canonicalJson({ a: "1" }), canonicalJson({ a: 1 }));
});
