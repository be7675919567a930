import assert from "node:assert/strict";
import { test } from "node:test";
import { Name } from "./field.ts";

test("a name has a visible character, no control characters, and 1 to 100 characters once trimmed", () => {
  assert.equal(Name.parse("  Friday show \u00a0"), "Friday show");
  assert.equal(Name.parse(`${" ".repeat(500)}a${" ".repeat(500)}`), "a");
  assert.equal(Name.parse("😀".repeat(100)).length, 200);
  const blanks = [
    " ",
    "\u00a0",
    "\u1680",
    "\u2000",
    "\u200a",
    "\u2028",
    "\u2029",
    "\u202f",
    "\u205f",
    "\u3000",
    "\ufeff",
  ];
  for (const blank of blanks) {
    assert.equal(blank.trim(), "", "what counts as blank is what trimming takes off");
    assert.ok(!Name.safeParse(blank.repeat(3)).success, JSON.stringify(blank));
    assert.ok(Name.safeParse(`${blank}a${blank}`).success, JSON.stringify(blank));
  }
  for (const wrong of [
    "",
    "a\u0000",
    "a\nb",
    "\tx",
    "x\u007f",
    "x\u0085",
    "\u0085",
    "\ud800",
    "a".repeat(101),
    "😀".repeat(101),
  ])
    assert.ok(!Name.safeParse(wrong).success, JSON.stringify(wrong));
});

test("a name as long as a body may be is refused in time in proportion to its length", { timeout: 30_000 }, () => {
  // A pattern that tries every way to split the text would take half an hour for each.
  for (const text of [`${"a".repeat(1_000_000)}\u0001`, `${" ".repeat(1_000_000)}\u0001`, " ".repeat(1_000_000)])
    assert.ok(!Name.safeParse(text).success);
});
