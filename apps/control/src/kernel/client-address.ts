import { isIPv6 } from "node:net";
import ipaddr from "ipaddr.js";

/** The peer's address; one that is IPv4 in IPv6's clothes is IPv4. */
export function clientAddressOf(socketAddress: string | undefined): string {
  if (socketAddress === undefined) return "unknown";
  return socketAddress.startsWith("::ffff:") ? socketAddress.slice(7) : socketAddress;
}

/** What one client is counted by: an IPv4 address, or an IPv6 /64, of which anybody has 2^64 addresses. */
export function addressBucket(address: string): string {
  if (!isIPv6(address)) return `address:${address}`;
  return `address:${ipaddr.IPv6.parse(address).parts.slice(0, 4).join(":")}`;
}
