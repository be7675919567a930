import assert from "node:assert/strict";
import { test } from "node:test";
import { openRateLimiter } from "./rate-limit.ts";

const limit = { requests: 3, seconds: 6 };

test("a bucket gives all it holds at once, then a token each interval", () => {
  let now = 1_000;
  const limiter = openRateLimiter(() => now);
  const take = () => ({ ...limiter.take("key", limit) });
  assert.deepEqual(take(), { allowed: true, remaining: 2, resetSeconds: 2, retryAfterSeconds: 0 });
  assert.deepEqual(take(), { allowed: true, remaining: 1, resetSeconds: 4, retryAfterSeconds: 0 });
  assert.deepEqual(take(), { allowed: true, remaining: 0, resetSeconds: 6, retryAfterSeconds: 0 });
  assert.deepEqual(take(), { allowed: false, remaining: 0, resetSeconds: 6, retryAfterSeconds: 2 });
  now += 1_999;
  assert.deepEqual(take(), { allowed: false, remaining: 0, resetSeconds: 5, retryAfterSeconds: 1 });
  now += 1;
  assert.equal(take().allowed, true);
  assert.equal(take().allowed, false);
  now += 60_000;
  assert.deepEqual(take(), { allowed: true, remaining: 2, resetSeconds: 2, retryAfterSeconds: 0 });
});

test("buckets know nothing of each other, and a token given back is there again", () => {
  const limiter = openRateLimiter(() => 0);
  for (let n = 0; n < 3; n++) assert.equal(limiter.take("one", limit).allowed, true);
  assert.equal(limiter.take("one", limit).allowed, false);
  assert.equal(limiter.take("other", limit).allowed, true);
  limiter.refund("one", limit);
  assert.equal(limiter.take("one", limit).allowed, true);
});

test("whoever waits as long as told is let in, at any size of bucket", () => {
  for (const size of [
    { requests: 600, seconds: 60 },
    { requests: 7, seconds: 3 },
    { requests: 1, seconds: 1 },
    { requests: 1_000_000, seconds: 1 },
  ]) {
    let now = 0.1;
    const limiter = openRateLimiter(() => now);
    let verdict = limiter.take("key", size);
    for (let n = 1; verdict.allowed; n++) {
      assert.ok(n <= size.requests, JSON.stringify(size));
      verdict = limiter.take("key", size);
    }
    assert.ok(verdict.retryAfterSeconds >= 1);
    now += verdict.retryAfterSeconds * 1_000;
    assert.equal(limiter.take("key", size).allowed, true);
  }
});
