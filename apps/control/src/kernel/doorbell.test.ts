import assert from "node:assert/strict";
import { test } from "node:test";
import { openDoorbell } from "./doorbell.ts";

const never = new AbortController().signal;
const long = 60_000;

test("a ring while nobody waits is kept, and counts once", async () => {
  const bell = openDoorbell();
  bell.ring();
  bell.ring();
  assert.equal(await bell.wait(long, never), true);
  assert.equal(await bell.wait(1, never), false);
});

test("who waits is woken", async () => {
  const bell = openDoorbell();
  const waiting = bell.wait(long, never);
  bell.ring();
  assert.equal(await waiting, true);
});

test("an abort ends the wait, also one that came before it", async () => {
  const bell = openDoorbell();
  const controller = new AbortController();
  const waiting = bell.wait(long, controller.signal);
  controller.abort();
  assert.equal(await waiting, false);
  assert.equal(await bell.wait(long, controller.signal), false);
});
