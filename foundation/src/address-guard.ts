import { lookup } from "node:dns/promises";
import ipaddr from "ipaddr.js";
import { inNetworks } from "./network.ts";

/** Why an address is not connected to. `message` never tells what a name resolved to. */
export type AddressRefusal = {
  readonly ok: false;
  readonly code: "address_refused" | "dns_failed";
  readonly message: string;
};

/** The very address to connect to: resolving the name again could give another one. */
export type CheckedAddress = { readonly ok: true; readonly ip: string; readonly family: 4 | 6 };

export type AddressGuardOptions = {
  /** CIDRs that may be reached although they are not public. */
  readonly allowedNetworks: readonly string[];
  /** For all of DNS, ms; 5,000 unless given. */
  readonly deadlineMs?: number;
  /** Name to IP literals; the system's resolver unless given. */
  readonly resolve?: (name: string) => Promise<readonly string[]>;
};

type Ip = ipaddr.IPv4 | ipaddr.IPv6;

/** Global unicast (RFC 4291, 2.4): all other IPv6 space is special or unassigned, `::7f00:1` and NAT64 among it. */
const globalUnicast: [ipaddr.IPv6, number] = ipaddr.IPv6.parseCIDR("2000::/3");

function isPublic(ip: Ip): boolean {
  if (ip.kind() === "ipv6" && !ip.match(globalUnicast)) return false;
  return ip.range() === "unicast";
}

function isReachable(literal: string, allowedNetworks: readonly string[]): boolean {
  if (!ipaddr.isValid(literal)) return false;
  return isPublic(ipaddr.process(literal)) || inNetworks(literal, allowedNetworks);
}

type Host = { readonly kind: "ip" | "name" | "localhost"; readonly text: string } | { readonly kind: "invalid" };

/**
 * The host as a browser would read it (WHATWG URL 3.5): decimal, octal, hex and
 * short IPv4 forms become dotted ones, names lower case and ASCII. Needed
 * because `new URL("rtmp://…")` leaves all of these as they are, and the
 * system's resolver understands them.
 */
function readHost(host: string): Host {
  // What would end the host inside a URL is no part of one.
  if (host === "" || /[\s/\\?#@]/u.test(host)) return { kind: "invalid" };
  const bracketed = host.includes(":") && !host.startsWith("[") ? `[${host}]` : host;
  const url = URL.parse(`http://${bracketed}`);
  if (url === null || url.port !== "" || url.hostname === "") return { kind: "invalid" };
  const text = url.hostname.replace(/^\[|\]$/gu, "").replace(/\.$/u, "");
  if (text === "") return { kind: "invalid" };
  if (ipaddr.isValid(text)) return { kind: "ip", text };
  const isLocalhost = text === "localhost" || text.endsWith(".localhost");
  return { kind: isLocalhost ? "localhost" : "name", text };
}

const refused: AddressRefusal = {
  ok: false,
  code: "address_refused",
  message: "This address is not on the public internet, and TRaX does not connect to it.",
};
const invalid: AddressRefusal = { ok: false, code: "address_refused", message: "This is not a valid host name." };
const unresolved: AddressRefusal = {
  ok: false,
  code: "dns_failed",
  message: "The server's name could not be found. Check the address for a typing mistake.",
};

/** RFC 6761, 6.3: these names are loopback whatever DNS says. */
const loopbacks = ["127.0.0.1", "::1"] as const;

/**
 * What can be told of a host without asking DNS, for refusing it when it is
 * written down: IP literals in any form, and `localhost`. Null means no
 * objection; a name is judged when it is connected to, by `checkAddress`.
 */
export function checkLiteral(host: string, allowedNetworks: readonly string[]): AddressRefusal | null {
  const read = readHost(host);
  if (read.kind === "invalid") return invalid;
  if (read.kind === "ip") return isReachable(read.text, allowedNetworks) ? null : refused;
  if (read.kind === "localhost") return loopbacks.some((ip) => inNetworks(ip, allowedNetworks)) ? null : refused;
  return null;
}

async function systemResolve(name: string): Promise<readonly string[]> {
  const found = await lookup(name, { all: true, order: "verbatim" });
  return found.map((entry) => entry.address);
}

async function resolveInTime(name: string, options: AddressGuardOptions): Promise<readonly string[]> {
  const late = Promise.withResolvers<readonly string[]>();
  const timer = setTimeout(() => late.resolve([]), options.deadlineMs ?? 5_000);
  try {
    return await Promise.race([(options.resolve ?? systemResolve)(name), late.promise]);
  } catch {
    return [];
  } finally {
    clearTimeout(timer);
  }
}

function checked(literal: string): CheckedAddress {
  const ip = ipaddr.process(literal);
  return { ok: true, ip: ip.toString(), family: ip.kind() === "ipv4" ? 4 : 6 };
}

/**
 * Resolves a host (a name or an IP literal, without port) and answers the
 * address to connect to, if every address it stands for is public or in
 * `allowedNetworks`. A name of which only one address is internal is refused
 * whole: the next connection might have met that one. Never rejects.
 */
export async function checkAddress(
  host: string,
  options: AddressGuardOptions,
): Promise<CheckedAddress | AddressRefusal> {
  const read = readHost(host);
  if (read.kind === "invalid") return invalid;
  if (read.kind === "localhost") {
    const allowed = loopbacks.find((ip) => inNetworks(ip, options.allowedNetworks));
    return allowed === undefined ? refused : checked(allowed);
  }
  const literals = read.kind === "ip" ? [read.text] : await resolveInTime(read.text, options);
  const [first] = literals;
  if (first === undefined) return unresolved;
  return literals.every((literal) => isReachable(literal, options.allowedNetworks)) ? checked(first) : refused;
}
