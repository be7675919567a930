import type { ConnectionEnd } from "./connection.ts";
import type { CloseReason } from "./errors.ts";
import { RtmpProtocolError } from "./errors.ts";

/** How far a client's wish had come when the connection ended. */
export type SessionStage =
  /** Asked for the application. */
  | "connect"
  /** Asked to publish or play, not answered. */
  | "start"
  /** Answered, nothing taken yet. */
  | "started"
  /** Media is known to have flowed. */
  | "flowing";

/** A server that leaves this soon after it agreed has most likely looked at the key only then, ms. */
const secondThoughtsMs = 5000;

/** Why a connection ended on its own, in words for a streamer; `openMs` since the server agreed to the stream. */
export function endReason(end: ConnectionEnd, session: SessionStage, openMs = 0): CloseReason {
  if (end.error instanceof RtmpProtocolError) {
    return { code: "protocol_error", message: `The server does not speak proper RTMP: ${end.error.message}.` };
  }
  if (end.stage === "tcp") return { code: "connect_failed", message: connectFailure(end) };
  if (end.stage === "tls") return { code: "tls_failed", message: tlsFailure(end) };
  const closed = how(end);
  if (end.stage === "handshake") {
    return { code: "connect_failed", message: `The server ${closed} before saying anything. Is it an RTMP server?` };
  }
  switch (session) {
    case "connect":
      return {
        code: "auth_refused",
        message: `The server ${closed} when it was asked for the path in the URL, which usually means that it does not know it.`,
      };
    case "start":
      return {
        code: "auth_refused",
        message: `The server ${closed} without a reason when it was given the stream key, which usually means that it refused the key.`,
      };
    case "started":
    case "flowing":
      return openMs < secondThoughtsMs
        ? secondThoughts(closed, session)
        : { code: "closed_by_peer", message: `The server ${closed}.` };
  }
}

function secondThoughts(closed: string, session: "started" | "flowing"): CloseReason {
  const message = `The server agreed to the stream and ${closed} soon after, which usually means that the key is refused or in use.`;
  return { code: session === "started" ? "auth_refused" : "closed_by_peer", message };
}

function how(end: ConnectionEnd): string {
  return errorCode(end) === "ECONNRESET" || errorCode(end) === "EPIPE"
    ? "broke the connection off"
    : errorCode(end) === null
      ? "closed the connection"
      : `was lost (${errorCode(end)})`;
}

function errorCode(end: ConnectionEnd): string | null {
  const { error } = end;
  return error !== null && "code" in error && typeof error.code === "string" ? error.code : null;
}

function connectFailure(end: ConnectionEnd): string {
  if (end.timedOut) return "The server did not answer in time.";
  const code = errorCode(end);
  if (code === "ECONNREFUSED") return "The server refuses connections at this address and port.";
  if (code === "EHOSTUNREACH" || code === "ENETUNREACH") return "The server's address cannot be reached.";
  if (code === "ETIMEDOUT") return "The server did not answer in time.";
  return `The connection could not be made (${code ?? "it was closed"}).`;
}

const tlsWords: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: "The server's certificate has expired.",
  CERT_NOT_YET_VALID: "The server's certificate is not valid yet.",
  DEPTH_ZERO_SELF_SIGNED_CERT: "The server's certificate is signed by nobody that is trusted here.",
  SELF_SIGNED_CERT_IN_CHAIN: "The server's certificate is signed by nobody that is trusted here.",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "The server's certificate is signed by nobody that is trusted here.",
  UNABLE_TO_GET_ISSUER_CERT: "The server's certificate is signed by nobody that is trusted here.",
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: "The server's certificate is signed by nobody that is trusted here.",
  ERR_TLS_CERT_ALTNAME_INVALID: "The server's certificate is for another name than the one in the URL.",
  ERR_SSL_WRONG_VERSION_NUMBER: "The server does not speak TLS on this port. Is it rtmp:// rather than rtmps://?",
  ERR_SSL_PACKET_LENGTH_TOO_LONG: "The server does not speak TLS on this port. Is it rtmp:// rather than rtmps://?",
};

function tlsFailure(end: ConnectionEnd): string {
  if (end.timedOut) {
    return "The server did not finish the TLS handshake in time. Is it rtmp:// rather than rtmps://?";
  }
  const code = errorCode(end);
  if (code === null || code === "ECONNRESET" || code === "EPIPE") {
    return `The server ${how(end)} during the TLS handshake. Is it rtmp:// rather than rtmps://?`;
  }
  return tlsWords[code] ?? `The TLS handshake with the server failed (${code}).`;
}
