import type { Destination } from "@trax/contract";
import { checkAddress } from "@trax/foundation/address-guard";
import { inNetworks } from "@trax/foundation/network";
import { ApiError } from "../../kernel/errors.ts";

/** What may be connected to, and who answers what a name stands for. */
export type AddressRules = {
  /** CIDRs that may be reached although they are not public. */
  readonly allowedNetworks: readonly string[];
  /** Name to IP literals; the system's resolver unless given. */
  readonly resolve?: (name: string) => Promise<readonly string[]>;
};

/** How long a name may take here, ms: whoever adds a destination waits for it. */
const deadlineMs = 2_000;

export function protocolOf(url: string): Destination["protocol"] {
  const scheme = url.slice(0, url.indexOf(":")).toLowerCase();
  if (scheme === "rtmp" || scheme === "rtmps" || scheme === "srt") return scheme;
  if (scheme === "https" || scheme === "http") return "whip";
  throw new Error("a destination's URL has a scheme the contract does not know");
}

/**
 * Refuses a URL that could not be connected to as it is written, or that leads
 * where TRaX does not connect. What the name stands for is never told. A name
 * that is not found now is no reason: it is looked up again with each connection.
 */
export async function checkUrl(text: string, rules: AddressRules): Promise<void> {
  const url = URL.parse(text);
  // The contract's pattern lets through an IPv6 address that is none.
  if (url === null || url.hostname === "")
    throw new ApiError("destination_refused", "The URL's host is not an address.");
  const checked = await checkAddress(url.hostname, { ...rules, deadlineMs });
  if (!checked.ok && checked.code === "address_refused") throw new ApiError("destination_refused", checked.message);
  if (url.protocol === "http:" && checked.ok && !inNetworks(checked.ip, rules.allowedNetworks))
    throw new ApiError("destination_refused", "WHIP needs https: the token would be readable on the way.");
}
