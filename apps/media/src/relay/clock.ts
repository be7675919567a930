/** Time and chance, so that tests can hold both still. */
export type Clock = {
  /** Monotonic, ms; the base of `performance.now()`. */
  readonly now: () => number;
  /** A moment of `now()` in RFC 3339, UTC, ms. */
  readonly timestampOf: (at: number) => string;
  /** 0 to 1. */
  readonly random: () => number;
};

export const systemClock: Clock = {
  now: () => performance.now(),
  timestampOf: (at) => new Date(Date.now() - (performance.now() - at)).toISOString(),
  random: Math.random,
};
