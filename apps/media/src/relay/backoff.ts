const firstMs = 500;
/** A refused key is not right a moment later; and platforms block who hammers. */
const firstAfterRefusalMs = 2_000;
const capMs = 30_000;

/**
 * How long to wait before attempt number `failures` + 1, ms: exponential from
 * 0.5 s (2 s after a refusal) to 30 s, with full jitter, so that destinations
 * lost together do not return together.
 */
export function backoffMs(failures: number, refused: boolean, random: () => number): number {
  const base = refused ? firstAfterRefusalMs : firstMs;
  const ceiling = Math.min(capMs, base * 2 ** Math.min(Math.max(0, failures - 1), 10));
  return Math.round(ceiling * random());
}
