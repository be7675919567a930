import { Agent as HttpAgent, request as requestHttp } from "node:http";
import type { IncomingMessage, RequestOptions } from "node:http";
import { Agent as HttpsAgent, request as requestHttps } from "node:https";
import { Readable } from "node:stream";
import { checkAddress } from "@trax/foundation/address-guard";
import { inNetworks } from "@trax/foundation/network";
import { Secret } from "@trax/foundation/secret";
import { refusalOf } from "./http-refusal.ts";
import { NotDone } from "./not-done.ts";
import { PlatformError } from "./platform.ts";
import type { HttpRequest, PlatformHttp } from "./platform.ts";

export type OwnedHttp = PlatformHttp & { close(): void };

const usualDeadlineMs = 10_000;
const mostBytes = 2_097_152;
const mostRefusalBytes = 65_536;

/**
 * Asks a platform: by a deadline, without redirects, and no more than 2 MiB of
 * an answer. What goes wrong is a `PlatformError` without a secret in it.
 * @param title of the platform, for people
 */
export function openPlatformHttp(title: string, allowedNetworks: readonly string[]): OwnedHttp {
  const closing = new AbortController();
  const agents = { "http:": new HttpAgent({ keepAlive: true }), "https:": new HttpsAgent({ keepAlive: true }) };

  const send = async (request: HttpRequest, { signal, reached }: Way): Promise<IncomingMessage> => {
    const url = URL.parse(request.url);
    if (url === null || (url.protocol !== "http:" && url.protocol !== "https:"))
      throw new PlatformError("refused", "This is not the address of a web server.");
    // Only these are asked on connections that are kept: one may be closed just then, and they are asked again.
    const isRepeatable = request.method === "GET";
    const body = bodyOf(request);
    const options: RequestOptions = {
      method: request.method,
      headers: headersOf(request, body),
      signal,
      ...(request.guarded === true
        ? await guardedConnection(url, allowedNetworks)
        : { agent: isRepeatable ? agents[url.protocol] : false }),
    };
    try {
      return await answerTo(url, options, body, reached);
    } catch (error) {
      // The server had closed what was kept for the next request: nothing of this one was read.
      if (signal.aborted || !(error instanceof StaleConnection)) throw error;
      return answerTo(url, options, body, reached);
    }
  };

  /** Runs `work` with a signal that the caller or the deadline gives. */
  const within = async <T>(request: HttpRequest, work: (way: Way, met: () => void) => Promise<T>) => {
    let isReached = false;
    const reached = (): void => {
      isReached = true;
    };
    const late = new AbortController();
    const timer = setTimeout(() => late.abort(), request.deadlineMs ?? usualDeadlineMs);
    const given = request.signal === undefined ? [] : [request.signal];
    const signal = AbortSignal.any([late.signal, closing.signal, ...given]);
    try {
      return await work({ signal, reached }, () => clearTimeout(timer));
    } catch (error) {
      if (error instanceof PlatformError) throw error;
      if (!isReached) throw new NotDone(`${title} could not be reached${late.signal.aborted ? " in time" : ""}.`);
      if (request.signal?.aborted === true) throw request.signal.reason;
      const why = late.signal.aborted ? "did not answer in time" : "broke off the connection";
      throw new PlatformError("unavailable", `${title} ${why}.`);
    } finally {
      clearTimeout(timer);
    }
  };

  const accepted = async (request: HttpRequest, way: Way): Promise<IncomingMessage> => {
    const answer = await send(request, way);
    const status = answer.statusCode ?? 0;
    if (status >= 200 && status < 300) return answer;
    const text = await textOf(answer, mostRefusalBytes);
    throw refusalOf(title, request, { status, headers: answer.headers, text, now: Date.now() });
  };

  return {
    json: (request) =>
      within(request, async (way) => {
        const answer = await accepted(request, way);
        const text = await textOf(answer, mostBytes);
        if (text === null) throw new PlatformError("unavailable", `${title} answered more than can be read.`);
        return valueOf(text, answer.headers["content-type"] ?? "", title);
      }),
    stream: (request) =>
      within(request, async (way, met) => {
        const answer = await accepted(request, way);
        met();
        // An error of it is its reader's to see.
        const body: ReadableStream<Uint8Array> = Readable.toWeb(answer);
        return body;
      }),
    close() {
      closing.abort();
      agents["http:"].destroy();
      agents["https:"].destroy();
    },
  };
}

/** What a request is made by: a signal that ends it, and whom to tell once something of it may have gone out. */
type Way = { readonly signal: AbortSignal; readonly reached: () => void };

class StaleConnection extends Error {}

function answerTo(
  url: URL,
  options: RequestOptions,
  body: string | null,
  reached: () => void,
): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const isSecure = url.protocol === "https:";
  const outgoing = (isSecure ? requestHttps : requestHttp)(url, options, resolve);
  outgoing.on("socket", (socket) => {
    // Until then Node keeps what is written: nobody has read any of it.
    if (socket.connecting) socket.once(isSecure ? "secureConnect" : "connect", reached);
    else reached();
  });
  outgoing.on("error", (error) => {
    const isStale = outgoing.reusedSocket && "code" in error && error.code === "ECONNRESET";
    reject(isStale ? new StaleConnection() : error);
  });
  outgoing.end(body ?? undefined);
  return promise;
}

/**
 * Connects to the very address that was checked; a token never goes to the public in the clear.
 * For http, https, ws and wss. Throws a `PlatformError`.
 */
export async function guardedConnection(
  url: URL,
  allowedNetworks: readonly string[],
): Promise<Pick<RequestOptions, "lookup"> & { readonly agent: false }> {
  const checked = await checkAddress(url.hostname, { allowedNetworks });
  if (!checked.ok && checked.code === "dns_failed") throw new NotDone(checked.message);
  if (!checked.ok) throw new PlatformError("refused", checked.message);
  if ((url.protocol === "http:" || url.protocol === "ws:") && !inNetworks(checked.ip, allowedNetworks))
    throw new PlatformError("refused", "The address has to be https: a token would be readable on the way.");
  return {
    agent: false,
    lookup: (_name, { all }, found) => {
      if (all === true) found(null, [{ address: checked.ip, family: checked.family }]);
      else found(null, checked.ip, checked.family);
    },
  };
}

function bodyOf({ json, form }: HttpRequest): string | null {
  if (json !== undefined) return JSON.stringify(json);
  if (form === undefined) return null;
  const fields = Object.entries(form).map(([name, value]): [string, string] => [
    name,
    value instanceof Secret ? value.reveal() : value,
  ]);
  return new URLSearchParams(fields).toString();
}

function headersOf(request: HttpRequest, body: string | null): Record<string, string> {
  const type = request.json === undefined ? "application/x-www-form-urlencoded" : "application/json";
  return {
    accept: "application/json",
    "user-agent": "TRaX",
    ...(body === null
      ? request.method === "GET"
        ? {}
        : { "content-length": "0" }
      : { "content-type": type, "content-length": String(Buffer.byteLength(body)) }),
    ...(request.bearer === undefined ? {} : { authorization: `Bearer ${request.bearer.reveal()}` }),
    ...request.headers,
  };
}

/** Null: it is longer than that. */
async function textOf(answer: IncomingMessage, most: number): Promise<string | null> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of answer) {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
    length += bytes.length;
    if (length > most) {
      answer.destroy();
      return null;
    }
    chunks.push(bytes);
  }
  return Buffer.concat(chunks).toString("utf8");
}

/** Null for an empty answer, its text where it does not claim to be JSON. */
function valueOf(text: string, contentType: string, title: string): unknown {
  if (text === "") return null;
  try {
    return JSON.parse(text);
  } catch {
    if (!contentType.includes("json")) return text;
    throw new PlatformError("unavailable", `${title} answered with something that is no JSON.`);
  }
}
