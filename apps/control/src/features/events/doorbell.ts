import { setTimeout as sleep } from "node:timers/promises";

/**
 * Joins the hints that there may be something to do. One that comes while
 * nobody waits is kept, so none is lost between looking and waiting.
 */
export type Doorbell = {
  ring(): void;
  /** True when rung, false when `forMs` have passed or `signal` was aborted. */
  wait(forMs: number, signal: AbortSignal): Promise<boolean>;
};

export function openDoorbell(): Doorbell {
  let rung = Promise.withResolvers<true>();
  return {
    ring: () => rung.resolve(true),
    async wait(forMs, signal) {
      const done = new AbortController();
      const late = sleep(forMs, false as const, { signal: AbortSignal.any([signal, done.signal]) }).catch(
        () => false as const,
      );
      const wasRung = await Promise.race([rung.promise, late]);
      done.abort();
      if (wasRung) rung = Promise.withResolvers<true>();
      return wasRung;
    },
  };
}
