import { setTimeout as delay } from "node:timers/promises";

/**
 * Waits until `condition` gives something other than false, null or undefined,
 * and gives that. Throws after `deadlineMs` (20,000 unless set), naming what
 * never came true.
 */
export async function waitFor<T>(
  what: string,
  condition: () => T | Promise<T>,
  deadlineMs = 20_000,
): Promise<Exclude<T, false | null | undefined>> {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    const result = await condition();
    if (isThere(result)) return result;
    if (performance.now() > deadline) throw new Error(`not within ${deadlineMs} ms: ${what}`);
    await delay(20);
  }
}

function isThere<T>(value: T): value is Exclude<T, false | null | undefined> {
  return value !== false && value !== null && value !== undefined;
}
