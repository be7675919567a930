/**
 * Joins the hints that there may be something to do. One that comes while
 * nobody waits is kept, so none is lost between looking and waiting.
 */
export type Doorbell = {
  ring(): void;
  /** True when rung, false when `forMs` have passed or `signal` was aborted. One waits at a time. */
  wait(forMs: number, signal: AbortSignal): Promise<boolean>;
};

export function openDoorbell(): Doorbell {
  let rung = false;
  let answer: ((wasRung: boolean) => void) | null = null;
  return {
    ring() {
      if (answer === null) rung = true;
      else answer(true);
    },
    wait(forMs, signal) {
      const wasRung = rung;
      rung = false;
      if (wasRung || signal.aborted) return Promise.resolve(wasRung);
      return new Promise((resolve) => {
        const finish = (result: boolean): void => {
          clearTimeout(timer);
          signal.removeEventListener("abort", stop);
          answer = null;
          resolve(result);
        };
        const stop = (): void => finish(false);
        const timer = setTimeout(stop, forMs);
        signal.addEventListener("abort", stop);
        answer = finish;
      });
    },
  };
}
