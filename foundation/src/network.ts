import ipaddr from "ipaddr.js";

type Network = readonly [ipaddr.IPv4 | ipaddr.IPv6, number];

const fourDecimals = /^(?:(?:0|[1-9]\d{0,2})\.){3}(?:0|[1-9]\d{0,2})$/;

/** IPv4 addresses are mapped into `::ffff:0:0/96` (RFC 4291, 2.5.5.2). */
const mappedBits = 96;

/**
 * A CIDR, or null when the text is none. IPv4 is four decimals: in `10/8` or
 * `010.0.0.0/8` the library reads other networks than people do. One of mapped
 * addresses is the IPv4 network it stands for, as an address of it counts.
 */
export function parseCidr(text: string): Network | null {
  const trimmed = text.trim();
  const address = trimmed.slice(0, trimmed.lastIndexOf("/"));
  if (address.includes("%") || (!address.includes(":") && !fourDecimals.test(address))) return null;
  try {
    const [network, bits] = ipaddr.parseCIDR(trimmed);
    const isMapped = network instanceof ipaddr.IPv6 && network.isIPv4MappedAddress() && bits >= mappedBits;
    return isMapped ? [network.toIPv4Address(), bits - mappedBits] : [network, bits];
  } catch {
    return null;
  }
}

/** Whether an address is in one of the networks; an IPv4-mapped address counts as the IPv4 one. */
export function inNetworks(address: string, networks: readonly string[]): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.process(address);
  return networks.some((text) => {
    const network = parseCidr(text);
    return network !== null && network[0].kind() === parsed.kind() && parsed.match([network[0], network[1]]);
  });
}
