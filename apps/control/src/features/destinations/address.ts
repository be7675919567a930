import type { Destination } from "@trax/contract";
import { checkAddress } from "@trax/foundation/address-guard";
import { ApiError, invalidRequest } from "../../kernel/errors.ts";

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
  if (scheme === "rtmp" || scheme === "rtmps" || scheme === "srt" || scheme === "whip") return scheme;
  throw new Error("a destination's URL has a scheme the contract does not know");
}

function wrongUrl(message: string): ApiError {
  return invalidRequest(`The URL ${message}.`, [{ path: "body.url", message }]);
}

/**
 * Refuses a URL that could not be connected to as it is written, or that leads
 * where TRaX does not connect. What the name stands for is never told. A name
 * that is not found now is no reason: it is looked up again with each connection.
 */
export async function checkUrl(text: string, rules: AddressRules): Promise<void> {
  const url = URL.parse(text);
  if (url === null || url.hostname === "") throw wrongUrl("must be an rtmp://, rtmps:// or srt:// URL");
  // A bare `@` or `#` leaves nothing in the parsed URL.
  if (url.username !== "" || url.password !== "" || /^[^:]+:\/\/[^/?#]*@/.test(text)) {
    throw wrongUrl("must not carry a user name or password; a key goes into streamKey");
  }
  if (text.includes("#")) throw wrongUrl("must not have a fragment");
  if (url.port === "0") throw wrongUrl("must not name port 0");
  if (protocolOf(text) === "srt" && url.port === "") throw wrongUrl("must name a port: SRT has none of its own");
  const checked = await checkAddress(url.hostname, { ...rules, deadlineMs });
  if (!checked.ok && checked.code === "address_refused") throw new ApiError("destination_refused", checked.message);
}
