import assert from "node:assert/strict";
import { test } from "node:test";
import { ChatSend } from "./chat.ts";

test("a message needs something to see", () => {
  for (const text of ["a", " a ", "🎉", "a\nb"]) assert.ok(ChatSend.safeParse({ text }).success, JSON.stringify(text));
  for (const text of ["", " ", "\n\u2003", "\u0001", "a\u0000", "\ud800", "x".repeat(2_001)])
    assert.ok(!ChatSend.safeParse({ text }).success, JSON.stringify(text));
});
