import { request as requestHttp } from "node:http";
import type { IncomingMessage, RequestOptions } from "node:http";
import { request as requestHttps } from "node:https";
import { isIP } from "node:net";
import { checkServerIdentity } from "node:tls";
import { checkAddress, checkLiteral } from "@trax/foundation/address-guard";
import { inNetworks } from "@trax/foundation/network";
import type { CloseReason } from "../rtmp/errors.ts";

const deadlineMs = 8_000;
const goodbyeMs = 2_000;
const maxAnswerBytes = 64 * 1024;
/** RFC 9725, 4.5: servers spread load with 307 and 308. */
const maxRedirects = 3;

export type WhipSession = {
  /** SDP, with the candidates that may be connected to. */
  readonly answer: string;
  /** Where the session is ended; null where the server did not say. */
  readonly resource: URL | null;
};

type Answer = { readonly status: number; readonly headers: IncomingMessage["headers"]; readonly body: string };

/**
 * Offers a session to a WHIP endpoint (RFC 9725, 4.2), at the address that was
 * checked, over TLS that is verified by name. Answers why not; never rejects.
 */
export async function offerSession(
  endpoint: URL,
  token: string | null,
  offer: string,
  allowedNetworks: readonly string[],
): Promise<WhipSession | CloseReason> {
  let url = endpoint;
  for (let hop = 0; hop <= maxRedirects; hop += 1) {
    const sent = await send("POST", url, token, offer, allowedNetworks, deadlineMs);
    if ("code" in sent) return sent;
    const location = URL.parse(sent.headers.location ?? "", url.href);
    if ((sent.status === 307 || sent.status === 308) && location !== null) {
      // A token that was asked for over TLS stays on it.
      if (url.protocol === "https:" && location.protocol !== "https:") break;
      url = location;
      continue;
    }
    if (sent.status !== 201 && sent.status !== 200) return refusal(sent.status);
    const answer = reachable(sent.body, allowedNetworks);
    if (answer === null) {
      return {
        code: "address_refused",
        message: "The server wants media at an address that TRaX does not connect to.",
      };
    }
    return { answer, resource: sent.headers.location === undefined ? null : location };
  }
  return {
    code: "protocol_error",
    message: "The server sent us on to another address too often, or to an unsafe one.",
  };
}

/** Ends a session (RFC 9725, 4.2); whether the server listens or not. */
export async function endSession(
  resource: URL,
  token: string | null,
  allowedNetworks: readonly string[],
): Promise<void> {
  await send("DELETE", resource, token, null, allowedNetworks, goodbyeMs);
}

async function send(
  method: "POST" | "DELETE",
  url: URL,
  token: string | null,
  body: string | null,
  allowedNetworks: readonly string[],
  timeoutMs: number,
): Promise<Answer | CloseReason> {
  const host = url.hostname.replace(/^\[|\]$/gu, "");
  const isTls = url.protocol === "https:";
  if (!isTls && url.protocol !== "http:")
    return { code: "protocol_error", message: "A WHIP address begins with https." };
  const address = await checkAddress(host, { allowedNetworks });
  if (!address.ok) return { code: address.code, message: address.message };
  if (!isTls && !inNetworks(address.ip, allowedNetworks)) {
    return { code: "address_refused", message: "WHIP needs https: the token would be readable on the way." };
  }
  const options: RequestOptions = {
    method,
    host: address.ip,
    family: address.family,
    port: url.port === "" ? (isTls ? 443 : 80) : url.port,
    path: `${url.pathname}${url.search}`,
    agent: false,
    headers: {
      host: url.host,
      ...(body === null ? {} : { "content-type": "application/sdp", "content-length": Buffer.byteLength(body) }),
      ...(token === null ? {} : { authorization: `Bearer ${token}` }),
    },
    signal: AbortSignal.timeout(timeoutMs),
  };
  try {
    return await exchange(
      isTls
        ? (listen) =>
            requestHttps(
              {
                ...options,
                minVersion: "TLSv1.2",
                servername: isIP(host) === 0 ? host : "",
                checkServerIdentity: (_host, certificate) => checkServerIdentity(host, certificate),
              },
              listen,
            )
        : (listen) => requestHttp(options, listen),
      body,
    );
  } catch (error) {
    return failure(error);
  }
}

async function exchange(
  open: (listen: (answer: IncomingMessage) => void) => ReturnType<typeof requestHttp>,
  body: string | null,
): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const request = open(resolve);
  request.once("error", reject);
  request.end(body ?? undefined);
  const incoming = await promise;
  const parts: Buffer[] = [];
  let size = 0;
  for await (const part of incoming) {
    if (!Buffer.isBuffer(part)) continue;
    size += part.length;
    if (size > maxAnswerBytes) {
      request.destroy();
      break;
    }
    parts.push(part);
  }
  return { status: incoming.statusCode ?? 0, headers: incoming.headers, body: Buffer.concat(parts).toString("utf8") };
}

/** Candidates by IP address and over UDP that the address guard does not object to; null where none is left. */
function reachable(answer: string, allowedNetworks: readonly string[]): string | null {
  let candidates = 0;
  const lines = answer.split(/\r?\n/u).filter((line) => {
    if (!line.startsWith("a=candidate:")) return true;
    // RFC 8839, 5.1: foundation, component, transport, priority, address.
    const [, , transport, , address = ""] = line.split(" ");
    const isGood =
      transport?.toLowerCase() === "udp" && isIP(address) !== 0 && checkLiteral(address, allowedNetworks) === null;
    if (isGood) candidates += 1;
    return isGood;
  });
  return candidates === 0 ? null : lines.join("\r\n");
}

function refusal(status: number): CloseReason {
  if (status === 401 || status === 403) {
    return { code: "auth_refused", message: "The server refused the token. Check the stream key." };
  }
  if (status === 404 || status === 410) {
    return { code: "auth_refused", message: "The server does not know this address. Check it for a typing mistake." };
  }
  if (status === 409) return { code: "name_in_use", message: "Somebody else is sending there already." };
  if (status >= 500) return { code: "connect_failed", message: "The server has a problem of its own." };
  return { code: "protocol_error", message: `The server refused the stream (HTTP ${status}).` };
}

function failure(error: unknown): CloseReason {
  const code = error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : "";
  if (
    code.startsWith("ERR_TLS") ||
    code.startsWith("ERR_SSL") ||
    code.includes("CERT") ||
    code.includes("SELF_SIGNED")
  ) {
    return { code: "tls_failed", message: "The server's certificate is not valid for this address." };
  }
  if (code === "ECONNREFUSED") return { code: "connect_failed", message: "Nothing listens at this address and port." };
  return { code: "connect_failed", message: "The server did not answer. Check the address and the port." };
}
