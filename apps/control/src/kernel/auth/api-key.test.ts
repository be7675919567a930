import assert from "node:assert/strict";
import { test } from "node:test";
import { hashOf, isWellFormedApiKey, newApiKey } from "./api-key.ts";

test("a key is its scheme, 43 characters and a checksum that fits", () => {
  for (let n = 0; n < 200; n++) {
    const { secret, hash, prefix, lastFour } = newApiKey();
    const text = secret.reveal();
    assert.match(text, /^sk_live_[0-9A-Za-z]{49}$/);
    assert.ok(isWellFormedApiKey(text));
    assert.deepEqual(hash, hashOf(text));
    assert.ok(text.startsWith(prefix) && text.endsWith(lastFour));
  }
});

test("a key with one character changed is none", () => {
  const text = newApiKey().secret.reveal();
  for (let at = 0; at < text.length; at++) {
    const other = text[at] === "a" ? "b" : "a";
    assert.ok(!isWellFormedApiKey(text.slice(0, at) + other + text.slice(at + 1)), `at ${at}`);
  }
  for (const wrong of ["", "sk_live_", `${text}a`, text.slice(1), ` ${text}`, `${text}\n`])
    assert.ok(!isWellFormedApiKey(wrong));
});
