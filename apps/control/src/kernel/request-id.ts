import { randomBytes } from "node:crypto";
import type { IncomingMessage } from "node:http";

const sane = /^[A-Za-z0-9._-]{1,100}$/;

/** The client's own `X-Request-Id` where it is a sane token, a new one otherwise. */
export function requestIdOf(request: IncomingMessage): string {
  const given = request.headers["x-request-id"];
  return typeof given === "string" && sane.test(given) ? given : newRequestId();
}

// An id need not be secret, only unlike any other: this process's own start, then a count.
const start = `req_${randomBytes(9).toString("hex")}`;
let count = 0;

export function newRequestId(): string {
  count += 1;
  return start + count.toString(36).padStart(8, "0");
}
