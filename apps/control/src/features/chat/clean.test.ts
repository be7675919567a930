import assert from "node:assert/strict";
import { test } from "node:test";
import type { ChatUpdate } from "../connections/index.ts";
import { cleanUpdate } from "./clean.ts";

const now = new Date("2026-11-22T18:00:00.000Z");
const author = { platformUserId: "1", name: "Ada", color: null, badges: [], isModerator: false, isOwner: false };
const message = {
  kind: "message",
  platformMessageId: "m1",
  author,
  text: "hi",
  emotes: [],
  replyTo: null,
  sentAt: now,
} as const satisfies ChatUpdate;

function cleaned(changes: Partial<Extract<ChatUpdate, { kind: "message" }>>) {
  const update = cleanUpdate({ ...message, ...changes }, now);
  assert.ok(update.kind === "message");
  return update;
}

test("what is harmless stays as it is", () => {
  const text = "Good evening <b>Kappa</b> 🎉 مرحبا";
  assert.deepEqual(cleaned({ text }), { ...message, text });
});

test("control characters and lone surrogates are made harmless, and emotes stay in their places", () => {
  const emotes = [{ start: 3, end: 8, name: "Kappa\n", url: "javascript:alert(1)" }];
  const update = cleaned({ text: "a\u0000\u001bKappa\ud800\r\n\u2028", emotes });
  assert.equal(update.text, "a  Kappa\ufffd   ");
  assert.deepEqual(update.emotes, [{ start: 3, end: 8, name: "Kappa ", url: null }]);
});

test("emotes are held against the text", () => {
  const at = (start: number, end: number) => ({ start, end, name: "x", url: null });
  const emotes = [at(-1, 1), at(0, 3), at(1, 1), at(2, 1), at(0.5, 1), at(Number.NaN, 1), at(0, 2)];
  assert.deepEqual(cleaned({ emotes }).emotes, [at(0, 2)]);
});

test("all has its bounds, and no character is cut in two", () => {
  const text = `${"x".repeat(3_999)}🎉🎉`;
  assert.equal(cleaned({ text }).text, "x".repeat(3_999));
  assert.equal(cleaned({ author: { ...author, name: "n".repeat(1_000) } }).author.name.length, 100);
  const [one, other] = ["a", "b"].map((end) => cleaned({ platformMessageId: "x".repeat(400) + end }).platformMessageId);
  assert.ok(one !== undefined && one.length < 100 && one !== other, "ids that differ go on differing");
});

test("colors and times are as the contract has them", () => {
  assert.equal(cleaned({ author: { ...author, color: "#1E90ff" } }).author.color, "#1E90ff");
  assert.equal(cleaned({ author: { ...author, color: "red;" } }).author.color, null);
  assert.deepEqual(cleaned({ sentAt: new Date("2099-01-01") }).sentAt, now);
  assert.deepEqual(cleaned({ sentAt: new Date(Number.NaN) }).sentAt, now);
});
