/** What was waited for did not come: in time, or before it was given up. */
export class Expired extends Error {
  readonly why: "deadline" | "aborted";

  constructor(why: "deadline" | "aborted") {
    super(why === "deadline" ? "it took too long" : "it was given up");
    this.name = "Expired";
    this.why = why;
  }
}

/**
 * Resolves as `work` does, or rejects with `Expired` after `ms` or once `signal`
 * is aborted, whether `work` heeds the signal it is given or not.
 */
export async function within<T>(ms: number, signal: AbortSignal, work: (ends: AbortSignal) => Promise<T>): Promise<T> {
  if (signal.aborted) throw new Expired("aborted");
  const ends = new AbortController();
  const over = Promise.withResolvers<never>();
  const end = (why: Expired["why"]): void => {
    over.reject(new Expired(why));
    ends.abort();
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
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", stop);
  }
}
