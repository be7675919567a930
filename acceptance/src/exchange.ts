import type { IncomingHttpHeaders, OutgoingHttpHeaders } from "node:http";

/** One request as it goes over the wire. `json` is sent as JSON; `body` as it is, under whatever headers are given. */
export type Ask = {
  readonly method: string;
  readonly path: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly json?: unknown;
  readonly body?: string | Buffer;
};

export type Answer = {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
  /** The parsed body; undefined when it is empty or not JSON. */
  readonly json: unknown;
};
