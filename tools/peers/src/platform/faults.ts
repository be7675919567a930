import { type Call, Refusal, type Reply } from "./call.ts";

/**
 * What goes wrong for the next calls that fit. Exactly one of `status`,
 * `stall`, `cut` says how:
 * - `status`: answered so, and not handled.
 * - `stall`: taken, and nothing said until `release()`; then handled as usual.
 * - `cut`: the connection closed without an answer, `before` it was handled
 *   (nothing happened) or `after` (it happened, and only the answer is lost).
 */
export type FaultOptions = {
  /** The whole path, or what it must match; every path unless set. */
  readonly path?: string | RegExp;
  readonly method?: string;
  /** How many calls; 1 unless set. `Infinity`: until cleared. */
  readonly times?: number;
  readonly status?: number;
  /** Sent as `Retry-After`: seconds, or an HTTP date. */
  readonly retryAfter?: number | string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Instead of the platform's own body for that status. */
  readonly body?: unknown;
  readonly stall?: boolean;
  readonly cut?: "before" | "after";
};

export type Fault = {
  /** How many calls it met so far. */
  readonly hits: () => number;
  /** Lets go of what is stalled, and stalls no more. */
  readonly release: () => void;
};

export type Faults = {
  readonly failNext: (options: FaultOptions) => Fault;
  /** Ends all faults, and lets go of what is stalled. */
  readonly clearFaults: () => void;
  /** What meets this call: a thrown `Refusal`, "before" or "after" for a cut, or nothing, after any stall. */
  readonly meet: (call: Pick<Call, "method" | "path">) => Promise<"before" | "after" | undefined>;
};

/** `bodyOf` is the platform's error body for a status, where a fault names none. */
export function makeFaults(bodyOf: (status: number) => unknown): Faults {
  type Standing = FaultOptions & { left: number; hits: number; released: PromiseWithResolvers<void> };
  const standing = new Set<Standing>();

  const fits = (fault: Standing, call: Pick<Call, "method" | "path">): boolean =>
    fault.left > 0 &&
    (fault.method === undefined || fault.method === call.method) &&
    (fault.path === undefined ||
      (typeof fault.path === "string" ? fault.path === call.path : fault.path.test(call.path)));

  const release = (fault: Standing): void => {
    standing.delete(fault);
    fault.left = 0;
    fault.released.resolve();
  };

  return {
    failNext: (options) => {
      const fault: Standing = { ...options, left: options.times ?? 1, hits: 0, released: Promise.withResolvers() };
      standing.add(fault);
      return { hits: () => fault.hits, release: () => release(fault) };
    },
    clearFaults: () => {
      for (const fault of standing) release(fault);
    },
    meet: async (call) => {
      const fault = [...standing].find((one) => fits(one, call));
      if (fault === undefined) return undefined;
      fault.left -= 1;
      fault.hits += 1;
      // A stall stays until it is released, so that clearing faults frees what hangs in it.
      if (fault.stall === true) await fault.released.promise;
      else if (fault.left <= 0) standing.delete(fault);
      if (fault.status !== undefined) throw new Refusal(replyOf(fault, fault.status, bodyOf));
      return fault.cut;
    },
  };
}

function replyOf(fault: FaultOptions, status: number, bodyOf: (status: number) => unknown): Reply {
  return {
    status,
    headers: {
      ...(fault.retryAfter === undefined ? {} : { "retry-after": String(fault.retryAfter) }),
      ...fault.headers,
    },
    body: fault.body ?? bodyOf(status),
  };
}
