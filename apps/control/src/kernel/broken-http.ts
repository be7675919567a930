import type { Duplex } from "node:stream";
import { codeOf } from "@trax/foundation/error-code";
import type { Logger } from "@trax/foundation/log";
import { mayTakeItsTime } from "./long-body.ts";
import { errorBody, invalidRequest } from "./errors.ts";
import { newRequestId } from "./request-id.ts";

/** What came was no HTTP, or came too slowly: the one error shape all the same, then the connection is closed. */
export function answerBrokenHttp(error: Error, socket: Duplex, log: Logger): void {
  const code = codeOf(error);
  if (code === "ERR_HTTP_REQUEST_TIMEOUT" && mayTakeItsTime(socket)) return;
  if (code === "ECONNRESET" || socket.destroyed || !socket.writable) {
    socket.destroy();
    return;
  }
  const requestId = newRequestId();
  const body = errorBody(invalidRequest(wordsFor(code)), requestId);
  log.info({ requestId, code, status: 400 }, "broken HTTP");
  socket.end(
    [
      "HTTP/1.1 400 Bad Request",
      "content-type: application/json; charset=utf-8",
      `content-length: ${Buffer.byteLength(body)}`,
      `x-request-id: ${requestId}`,
      "cache-control: no-store",
      "connection: close",
      "",
      body,
    ].join("\r\n"),
    () => socket.destroy(),
  );
}

function wordsFor(code: string): string {
  switch (code) {
    case "HPE_HEADER_OVERFLOW":
      return "The request's headers are larger than 16 KiB.";
    case "ERR_HTTP_REQUEST_TIMEOUT":
      return "The request did not arrive in time.";
    case "HPE_CHUNK_EXTENSIONS_OVERFLOW":
      return "The request's chunk extensions are too large.";
    default:
      return "This is not a valid HTTP request.";
  }
}
