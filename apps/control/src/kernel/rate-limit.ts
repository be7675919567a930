import type { RateLimit } from "@trax/foundation/config";

/**
 * Token buckets in memory, by GCRA: a bucket is one number, the time at which it
 * will be full again. A bucket that is forgotten counts as full, so the oldest
 * may be dropped when there are too many.
 */
export type RateLimiter = {
  /** Takes one token of the bucket `id`; the same object is returned for every call, so read it at once. */
  take(id: string, limit: RateLimit): Verdict;
  /** Gives one token back. */
  refund(id: string, limit: RateLimit): void;
};

export type Verdict = {
  allowed: boolean;
  /** Whole tokens left. */
  remaining: number;
  /** Whole seconds until the bucket is full again. */
  resetSeconds: number;
  /** Whole seconds, at least 1, until one token is there; 0 when allowed. */
  retryAfterSeconds: number;
};

const mostBuckets = 100_000;

type Bucket = { fullAt: number };

/** @param now milliseconds from a clock that never goes back */
export function openRateLimiter(now: () => number = () => performance.now()): RateLimiter {
  const buckets = new Map<string, Bucket>();
  const verdict: Verdict = { allowed: true, remaining: 0, resetSeconds: 0, retryAfterSeconds: 0 };
  return {
    take(id, limit) {
      const at = now();
      const interval = (limit.seconds * 1_000) / limit.requests;
      let bucket = buckets.get(id);
      if (bucket === undefined) {
        if (buckets.size >= mostBuckets) makeRoom(buckets, at);
        bucket = { fullAt: at };
        buckets.set(id, bucket);
      }
      const owed = Math.max(bucket.fullAt - at, 0);
      const room = limit.seconds * 1_000 - owed;
      verdict.allowed = room >= interval - 1e-6;
      if (verdict.allowed) bucket.fullAt = at + owed + interval;
      verdict.remaining = Math.max(0, Math.floor((verdict.allowed ? room - interval : room) / interval + 1e-6));
      verdict.resetSeconds = Math.ceil(Math.max(bucket.fullAt - at, 0) / 1_000);
      verdict.retryAfterSeconds = verdict.allowed ? 0 : Math.max(1, Math.ceil((interval - room) / 1_000));
      return verdict;
    },
    refund(id, limit) {
      const bucket = buckets.get(id);
      if (bucket !== undefined) bucket.fullAt -= (limit.seconds * 1_000) / limit.requests;
    },
  };
}

/** Forgets the buckets that are full, which changes nothing; where none is, the oldest tenth. */
function makeRoom(buckets: Map<string, Bucket>, now: number): void {
  for (const [id, bucket] of buckets) if (bucket.fullAt <= now) buckets.delete(id);
  let left = buckets.size - mostBuckets * 0.9;
  for (const id of buckets.keys()) {
    if (left <= 0) return;
    buckets.delete(id);
    left -= 1;
  }
}
