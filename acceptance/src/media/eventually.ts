import { setTimeout as delay } from "node:timers/promises";

const everyMs = 100;
/** Generous: it only matters where something is broken, and test machines are busy. */
const defaultDeadlineMs = 60_000;

/**
 * Reads until what is read satisfies `isSo`, and answers it. Throws after the
 * deadline (ms), naming what never came true and what was read last.
 */
export async function eventually<T>(
  what: string,
  read: () => T | Promise<T>,
  isSo: (value: T) => boolean,
  deadlineMs = defaultDeadlineMs,
  pauseMs = everyMs,
): Promise<T> {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    const value = await read();
    if (isSo(value)) return value;
    if (performance.now() > deadline)
      throw new Error(`not within ${deadlineMs} ms: ${what}; at last: ${JSON.stringify(value)?.slice(0, 3_000)}`);
    await delay(pauseMs);
  }
}

/** Reads for so long (ms), and fails at the first value that is not as it should be. */
export async function throughout<T>(
  what: string,
  read: () => T | Promise<T>,
  isSo: (value: T) => boolean,
  forMs: number,
): Promise<void> {
  const end = performance.now() + forMs;
  while (performance.now() < end) {
    const value = await read();
    if (!isSo(value)) throw new Error(`not throughout: ${what}; but: ${JSON.stringify(value)?.slice(0, 3_000)}`);
    await delay(everyMs);
  }
}
