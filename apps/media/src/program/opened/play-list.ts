import { Agent as HttpAgent, get as getHttp } from "node:http";
import type { IncomingMessage } from "node:http";
import { Agent as HttpsAgent, get as getHttps } from "node:https";
import { text } from "node:stream/consumers";
import type { SourceFault } from "../protocol.ts";
import type { Addresses } from "./addresses.ts";
import { faultOf, notFound, refused, unreachable } from "./fault.ts";

const deadlineMs = 10_000;
const maxBytes = 256 * 1024;
const maxItems = 1_000;
const maxRedirects = 5;

/** Whether it is the address of a list, by its name. */
export function namesList(url: string): boolean {
  return /\.m3u8?$/iu.test(URL.parse(url)?.pathname ?? "");
}

/**
 * The addresses in a plain playlist (M3U: one a line, `#` begins a remark),
 * whole ones. Null where it is none: HLS, which is pulled, or empty.
 */
export function itemsOf(list: string, url: string): readonly string[] | null {
  if (list.includes("#EXT-X-")) return null;
  const lines = list.split(/\r?\n/u).map((line) => line.replace(/^\uFEFF/u, "").trim());
  const items = lines.flatMap((line) => {
    const item = line === "" || line.startsWith("#") ? null : URL.parse(line, url);
    return item !== null && /^https?:$/u.test(item.protocol) ? [item.href] : [];
  });
  return items.length === 0 ? null : items.slice(0, maxItems);
}

/** Those addresses, with what is in the lists that they name in place of these. Never rejects. */
export async function withoutLists(
  urls: readonly string[],
  addresses: Addresses,
  signal: AbortSignal,
): Promise<readonly string[] | SourceFault> {
  const all: string[] = [];
  for (const url of urls) {
    if (!namesList(url)) {
      all.push(url);
      continue;
    }
    const items = await readList(url, addresses, signal);
    if ("code" in items) return items;
    all.push(...items);
  }
  return all;
}

async function readList(
  url: string,
  addresses: Addresses,
  signal: AbortSignal,
): Promise<readonly string[] | SourceFault> {
  const lease = await addresses.lease();
  const proxyEnv = { HTTP_PROXY: lease.url, HTTPS_PROXY: lease.url };
  // The proxy on loopback verifies the server's certificate; its own is nobody's.
  const agents = { http: new HttpAgent({ proxyEnv }), https: new HttpsAgent({ proxyEnv, rejectUnauthorized: false }) };
  const until = AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]);
  try {
    let at = url;
    for (let redirects = 0; redirects <= maxRedirects; redirects += 1) {
      const answer = await ask(at, agents, until);
      const { statusCode = 0, headers } = answer;
      const next = statusCode >= 300 && statusCode < 400 ? URL.parse(headers.location ?? "", at) : null;
      if (next === null && statusCode === 200) return itemsOf(await textOf(answer), at) ?? faultOf(null);
      answer.destroy();
      const fault = lease.fault();
      if (fault !== null) return fault;
      if (statusCode === 401 || statusCode === 403) return refused;
      if (statusCode === 404) return notFound;
      if (next === null) return unreachable;
      at = next.href;
    }
    return unreachable;
  } catch {
    return lease.fault() ?? unreachable;
  } finally {
    agents.http.destroy();
    agents.https.destroy();
    lease.close();
  }
}

async function ask(
  url: string,
  agents: { readonly http: HttpAgent; readonly https: HttpsAgent },
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const request = url.startsWith("https:")
    ? getHttps(url, { agent: agents.https, signal }, resolve)
    : getHttp(url, { agent: agents.http, signal }, resolve);
  request.on("error", reject);
  return promise;
}

async function textOf(answer: IncomingMessage): Promise<string> {
  let bytes = 0;
  answer.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > maxBytes) answer.destroy(new Error("the list is too long"));
  });
  return text(answer);
}
