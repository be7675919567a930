import assert from "node:assert/strict";
import { test } from "node:test";
import { openLog } from "@trax/foundation/log";
import { Recorder } from "./recorder.ts";

const log = openLog("test", "silent");
const failure = (code: string): Error => Object.assign(new Error(code), { code });

test("of what waits the newest is written, in order", async () => {
  const recorder = new Recorder(log);
  const written: number[] = [];
  const gate = Promise.withResolvers<void>();
  recorder.record("a", async () => {
    await gate.promise;
    written.push(1);
  });
  // The first has begun when the microtasks before it have run.
  await new Promise(setImmediate);
  for (const value of [2, 3]) recorder.record("a", async () => void written.push(value));
  gate.resolve();
  await recorder.settled(["a"]);
  assert.deepEqual(written, [1, 3]);
  assert.equal(recorder.isBusy("a"), false);
});

test("what the database was away for is written when it is back", async () => {
  const recorder = new Recorder(log);
  let attempts = 0;
  recorder.record("a", async () => {
    attempts += 1;
    if (attempts === 1) throw failure("ECONNREFUSED");
  });
  await recorder.settled(["a"]);
  assert.equal(attempts, 2);
});

test("what the database will never take is left out, and holds up nothing", async () => {
  const recorder = new Recorder(log);
  let attempts = 0;
  recorder.record("a", async () => {
    attempts += 1;
    throw failure("22P05");
  });
  await recorder.settled(["a"]);
  assert.equal(attempts, 1);
});

test("only a few are written at a time", async () => {
  const recorder = new Recorder(log);
  let now = 0;
  let most = 0;
  const keys = Array.from({ length: 50 }, (_, index) => `key ${index}`);
  for (const key of keys) {
    recorder.record(key, async () => {
      now += 1;
      most = Math.max(most, now);
      await new Promise(setImmediate);
      now -= 1;
    });
  }
  await recorder.settled(keys);
  assert.ok(most > 0 && most <= 4, `${most} at a time`);
});
