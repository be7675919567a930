import assert from "node:assert/strict";
import { test } from "node:test";
import { NotDone } from "../connections/index.ts";
import { Expired, within } from "./within.ts";

const never = new AbortController().signal;

/** Heeds its signal with these words. */
const heeding = (words: (signal: AbortSignal) => unknown) => (signal: AbortSignal) =>
  new Promise<never>((_resolve, reject) => signal.addEventListener("abort", () => reject(words(signal))));

test("what takes too long has the last word only where it says that nothing was done", async () => {
  const nothing = within(
    10,
    never,
    heeding(() => new NotDone("It was not reached.")),
  );
  await assert.rejects(nothing, NotDone);
  for (const words of [(signal: AbortSignal) => signal.reason, () => new Error("aborted")])
    await assert.rejects(within(10, never, heeding(words)), { name: "Expired", why: "deadline" });
  assert.equal(
    await within(10, never, (signal) => new Promise((done) => signal.addEventListener("abort", () => done("sent")))),
    "sent",
  );
  await assert.rejects(
    within(10, never, () => new Promise(() => undefined)),
    Expired,
  );
  const ending = new AbortController();
  const given = within(60_000, ending.signal, () => new Promise(() => undefined));
  ending.abort();
  await assert.rejects(given, { name: "Expired", why: "aborted" });
});
