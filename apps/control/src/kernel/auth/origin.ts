import type { IncomingHttpHeaders } from "node:http";

/**
 * Whether an unsafe request that a cookie speaks for comes from our own pages.
 * A browser says where it comes from in `Origin` (else in `Sec-Fetch-Site`); a
 * client that sends neither is none, and no other site can make it act.
 */
export function isOwnOrigin(headers: IncomingHttpHeaders, publicUrl: string | null): boolean {
  const { origin, host } = headers;
  if (origin !== undefined) {
    const url = URL.parse(origin);
    if (url === null) return false;
    return url.host === host?.toLowerCase() || (publicUrl !== null && url.origin === URL.parse(publicUrl)?.origin);
  }
  const site = headers["sec-fetch-site"];
  return site === undefined || site === "same-origin" || site === "none";
}
