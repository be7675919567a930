import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from "node:http";

/** One request as a fake platform's route sees it. */
export type Call = {
  readonly method: string;
  /** Without its query, percent-decoded only in `params`. */
  readonly path: string;
  /** What stood where the route's path has `{name}`. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  readonly headers: IncomingHttpHeaders;
  /** The whole body as text; "" where there is none. */
  readonly body: string;
  readonly request: IncomingMessage;
  /** For a route that answers in its own time (a stream): write here and return undefined. */
  readonly response: ServerResponse;
};

export type Reply = {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** A string goes out as it is, undefined as no body, anything else as JSON. */
  readonly body?: unknown;
};

/** `path` as in `/v1/users/{id}`; the first route that fits answers. */
export type Route = {
  readonly method: string;
  readonly path: string;
  readonly answer: (call: Call) => Reply | undefined | Promise<Reply | undefined>;
};

/** Thrown in a route to answer with `reply` at once. */
export class Refusal extends Error {
  readonly reply: Reply;

  constructor(reply: Reply) {
    super(`refused with ${reply.status}`);
    this.reply = reply;
  }
}

/** A form-encoded body. */
export function formOf(call: Call): URLSearchParams {
  return new URLSearchParams(call.body);
}

/** A JSON body, or undefined where it is none. */
export function jsonOf(call: Call): unknown {
  try {
    const parsed: unknown = JSON.parse(call.body);
    return parsed;
  } catch {
    return undefined;
  }
}

/** A field of something parsed, undefined where that is no object or has no such field. */
export function field(value: unknown, name: string): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, name) : undefined;
}

/** The same where only a string will do. */
export function stringField(value: unknown, name: string): string | undefined {
  const found = field(value, name);
  return typeof found === "string" ? found : undefined;
}

/** What follows `Bearer ` (or Twitch's `OAuth `) in the Authorization header. */
export function bearerOf(call: Pick<Call, "headers">): string | undefined {
  return /^(?:Bearer|OAuth) +(\S+)$/i.exec(call.headers.authorization ?? "")?.[1];
}
