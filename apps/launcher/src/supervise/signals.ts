import { constants } from "node:os";

const stopping = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** What the user or the system asked this process to do. */
export type StopSignals = {
  /** Aborted by the first signal. */
  readonly stop: AbortSignal;
  /** Resolves with the exit status (128 + its number) of the second one. */
  readonly force: Promise<number>;
  close(): void;
};

export function watchSignals(onFirst: (name: NodeJS.Signals) => void): StopSignals {
  const controller = new AbortController();
  const { promise: force, resolve } = Promise.withResolvers<number>();
  const onSignal = (name: NodeJS.Signals): void => {
    if (controller.signal.aborted) {
      resolve(128 + constants.signals[name]);
      return;
    }
    onFirst(name);
    controller.abort();
  };
  for (const name of stopping) process.on(name, onSignal);
  return {
    stop: controller.signal,
    force,
    close: () => {
      for (const name of stopping) process.off(name, onSignal);
    },
  };
}
