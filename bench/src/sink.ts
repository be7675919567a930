import { waitFor } from "@trax/peers";
import type { Nginx } from "./nginx.ts";

/** A difference that the edges of a measurement explain: bytes are counted while they still arrive. */
const tolerance = 0.03;

/** Waits until every one of these streams arrives. */
export async function untilAllGrow(sink: Nginx, names: readonly string[]): Promise<void> {
  const before = await sink.received();
  await waitFor(
    `${names.length} streams arrive`,
    async () => {
      const now = await sink.received();
      return names.every((name) => (now.get(`live/${name}`) ?? 0) > (before.get(`live/${name}`) ?? 0) + 10_000);
    },
    60_000,
  );
}

/**
 * Begins to watch that all of these streams bring the same number of bytes:
 * who sends less costs less. The function that it gives throws where they
 * did not.
 */
export async function watchEvenness(sink: Nginx, names: readonly string[]): Promise<() => Promise<void>> {
  const before = await sink.received();
  return async () => {
    const after = await sink.received();
    const grown = names.map((name) => (after.get(`live/${name}`) ?? 0) - (before.get(`live/${name}`) ?? 0));
    const most = Math.max(...grown);
    const behind = names.filter((_, index) => (grown[index] ?? 0) < most * (1 - tolerance));
    if (behind.length > 0) throw new Error(`these destinations received less than others: ${behind.join(", ")}`);
  };
}
