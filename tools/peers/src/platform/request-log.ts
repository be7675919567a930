import type { IncomingHttpHeaders } from "node:http";

/** A request as it came, in the order of arrival. */
export type LoggedRequest = {
  /** `performance.now()` at its arrival, ms. */
  readonly at: number;
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** What it was answered with; null while it hangs, and for good when it was cut. 101 for a WebSocket. */
  status: number | null;
};

export type RequestLog = {
  /** All since the start, or since it was emptied (`requests.length = 0`). */
  readonly requests: LoggedRequest[];
  readonly requestsTo: (path: string | RegExp, method?: string) => LoggedRequest[];
};

/** Keeps every request, so that a test can count that nobody hammers. */
export function makeRequestLog(): RequestLog {
  const requests: LoggedRequest[] = [];
  return {
    requests,
    requestsTo: (path, method) =>
      requests.filter(
        (one) =>
          (typeof path === "string" ? one.path === path : path.test(one.path)) &&
          (method === undefined || one.method === method),
      ),
  };
}
