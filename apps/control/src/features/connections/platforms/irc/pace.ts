import { setTimeout as delay } from "node:timers/promises";

/** Servers close the connection of who writes faster (RFC 1459, 8.10): so many at once, then one in so many ms. */
const burst = 5;
const everyMs = 2_000;

/** Answers a function that resolves when another message may be sent. The signal ends the wait. */
export function openPace(): (signal: AbortSignal) => Promise<void> {
  let nextAt = 0;
  return async (signal) => {
    const now = performance.now();
    nextAt = Math.max(nextAt, now - burst * everyMs) + everyMs;
    if (nextAt > now) await delay(nextAt - now, undefined, { signal });
  };
}
