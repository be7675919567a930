/** Points of one token, as Helix counts them: 800 a minute, a call costs 1. */
export type RateLimit = {
  /** Takes a point; false where there is none. */
  readonly take: (token: string) => boolean;
  readonly headers: (token: string) => Record<string, string>;
  /** Leaves nobody a point for that long, s. */
  readonly drain: (seconds: number) => void;
};

export function makeRateLimit(limit: number): RateLimit {
  const windowMs = 60_000;
  const buckets = new Map<string, { remaining: number; resetAt: number }>();
  let drained = 0;

  const bucketOf = (token: string): { remaining: number; resetAt: number } => {
    if (drained > Date.now()) return { remaining: 0, resetAt: drained };
    const found = buckets.get(token);
    if (found !== undefined && found.resetAt > Date.now()) return found;
    const fresh = { remaining: limit, resetAt: Date.now() + windowMs };
    buckets.set(token, fresh);
    return fresh;
  };

  return {
    take: (token) => {
      const bucket = bucketOf(token);
      if (bucket.remaining <= 0) return false;
      bucket.remaining -= 1;
      return true;
    },
    headers: (token) => {
      const bucket = bucketOf(token);
      return {
        "ratelimit-limit": String(limit),
        "ratelimit-remaining": String(bucket.remaining),
        "ratelimit-reset": String(Math.ceil(bucket.resetAt / 1000)),
      };
    },
    drain: (seconds) => {
      drained = Date.now() + seconds * 1000;
    },
  };
}
