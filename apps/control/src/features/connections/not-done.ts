import { isDatabaseAway } from "@trax/foundation/database";
import { PlatformError } from "./platform.ts";

/**
 * `unavailable`, and certainly not done: the platform was not reached, or not
 * even asked. What must not be done twice is tried again after nothing else.
 */
export class NotDone extends PlatformError {
  constructor(message: string, retryAfterMs: number | null = null, cause?: unknown) {
    super("unavailable", message, retryAfterMs);
    this.name = "NotDone";
    this.cause = cause;
  }
}

/**
 * Waits for what comes before a platform is asked. Where that is unavailable, our
 * database is away, or the signal ends the wait, nothing was done: throws `NotDone`.
 */
export async function beforehand<T>(work: Promise<T>, signal?: AbortSignal): Promise<T> {
  const ended = Promise.withResolvers<never>();
  const stop = (): void => ended.reject(new NotDone("It was given up before the platform was asked."));
  signal?.addEventListener("abort", stop);
  if (signal?.aborted === true) stop();
  try {
    return await Promise.race([ended.promise, work]);
  } catch (error) {
    if (isDatabaseAway(error)) throw new NotDone("TRaX cannot ask the platform now.", null, error);
    if (!(error instanceof PlatformError) || error.kind !== "unavailable") throw error;
    throw new NotDone(error.message, error.retryAfterMs);
  } finally {
    signal?.removeEventListener("abort", stop);
  }
}
