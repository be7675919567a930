import ipaddr from "ipaddr.js";

type Network = readonly [ipaddr.IPv4 | ipaddr.IPv6, number];

/** A CIDR, or null when the text is none. */
export function parseCidr(text: string): Network | null {
  try {
    return ipaddr.parseCIDR(text.trim());
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
