import { NotDone } from "../connections/index.ts";

/** What was waited for did not come: in time, or before it was given up. */
export class Expired extends Error {
  readonly why: "deadline" | "aborted";

  constructor(why: "deadline" | "aborted") {
    super(why === "deadline" ? "it took too long" : "it was given up");
    this.name = "Expired";
    this.why = why;
  }
}

/** How long who was told to end has to say what came of it, ms. */
const lastWordMs = 250;

/**
 * Resolves as `work` does, or rejects with `Expired` after `ms` or once `signal`
 * is aborted, whether `work` heeds the signal it is given or not; with `NotDone`
 * where `work` says so then.
 */
export async function within<T>(ms: number, signal: AbortSignal, work: (ends: AbortSignal) => Promise<T>): Promise<T> {
  if (signal.aborted) throw new Expired("aborted");
  const ends = new AbortController();
  const over = Promise.withResolvers<never>();
  let farewell: NodeJS.Timeout | undefined;
  const end = (why: Expired["why"]): void => {
    const expired = new Expired(why);
    farewell ??= setTimeout(() => over.reject(expired), lastWordMs);
    ends.abort(expired);
  };
  const timer = setTimeout(() => end("deadline"), ms);
  const stop = (): void => end("aborted");
  signal.addEventListener("abort", stop);
  // Whichever comes second is nobody's.
  over.promise.catch(() => undefined);
  try {
    const working = work(ends.signal);
    working.catch(() => undefined);
    return await Promise.race([working, over.promise]);
  } catch (error) {
    throw ends.signal.aborted && !(error instanceof NotDone) ? ends.signal.reason : error;
  } finally {
    clearTimeout(timer);
    clearTimeout(farewell);
    signal.removeEventListener("abort", stop);
  }
}
