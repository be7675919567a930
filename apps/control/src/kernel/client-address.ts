import { isIPv6 } from "node:net";
import ipaddr from "ipaddr.js";

/** The client's address (the proxy's word for it where the operator trusts that proxy); one that is IPv4 in IPv6's clothes is IPv4. */
export function clientAddressOf(address: string | undefined): string {
  if (address === undefined) return "unknown";
  return address.startsWith("::ffff:") ? address.slice(7) : address;
}

/** What one client is counted by: an IPv4 address, or an IPv6 /64, of which anybody has 2^64 addresses. */
export function addressBucket(address: string): string {
  if (!isIPv6(address)) return `address:${address}`;
  return `address:${ipaddr.IPv6.parse(address).parts.slice(0, 4).join(":")}`;
}
