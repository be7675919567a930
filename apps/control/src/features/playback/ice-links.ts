import type { IceServer } from "@trax/foundation/config";

/**
 * `Link` headers that tell a WHIP or WHEP client of ICE servers (RFC 9725, 4.6).
 * They hold the TURN password: only for who has a token.
 */
export function iceLinks(servers: readonly IceServer[]): string | null {
  if (servers.length === 0) return null;
  return servers
    .map(({ url, username, password }) => {
      const link = `<${url}>; rel="ice-server"`;
      if (username === null || password === null) return link;
      return `${link}; username="${quoted(username)}"; credential="${quoted(password.reveal())}"; credential-type="password"`;
    })
    .join(", ");
}

/** A quoted-string (RFC 9110, 5.6.4). */
function quoted(text: string): string {
  return text.replaceAll(/["\\]/g, "\\$&");
}
