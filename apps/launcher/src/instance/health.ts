import { setTimeout as delay } from "node:timers/promises";
import { Failure, messageOf } from "../failure.ts";

/** Waits until `GET <baseUrl>/v1/health` answers 200, at most `withinMs`. */
export async function untilHealthy(baseUrl: string, signal: AbortSignal, withinMs = 20_000): Promise<void> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const problem = await checkHealth(baseUrl, signal);
    if (problem === null) return;
    signal.throwIfAborted();
    if (performance.now() > deadline)
      throw new Failure(`${baseUrl}/v1/health does not answer 200: ${problem}`, "The logs tell more");
    await delay(50, undefined, { signal });
  }
}

async function checkHealth(baseUrl: string, signal: AbortSignal): Promise<string | null> {
  try {
    const response = await fetch(`${baseUrl}/v1/health`, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(2_000)]),
    });
    await response.body?.cancel();
    return response.ok ? null : `status ${response.status}`;
  } catch (error) {
    return error instanceof Error && error.cause !== undefined ? messageOf(error.cause) : messageOf(error);
  }
}
