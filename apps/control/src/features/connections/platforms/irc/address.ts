import { PlatformError } from "../../platform.ts";

/** Where a channel is, and who TRaX is there. */
export type IrcAccount = {
  readonly host: string;
  readonly port: number;
  readonly isSecure: boolean;
  readonly channel: string;
  readonly nick: string;
  /** For SASL; the nick unless given. */
  readonly username: string;
};

/** Together, so that a line with the longest message still fits into 512 bytes; see `longestBytes`. */
const mostNameBytes = 100;

/**
 * Reads what a request holds, or what was kept of it.
 * @throws PlatformError `refused`, which says what is wrong
 */
export function readAccount(given: Readonly<Record<string, string>>): IrcAccount {
  const { server = "", channel = "", nick = "" } = given;
  const username = given["username"] ?? nick;
  const url = URL.parse(server);
  const isSecure = url?.protocol === "ircs:";
  if (url === null || (!isSecure && url.protocol !== "irc:") || url.hostname === "")
    throw refused("The server has to be as in ircs://irc.example.com:6697.");
  if (url.username !== "" || url.password !== "" || url.search !== "" || url.hash !== "" || url.pathname.length > 1)
    throw refused("The server has to be without channel, name and password: these are apart.");
  if (!/^[#&+!][^\s,:\u0000-\u001f]+$/.test(channel)) throw refused("The channel has to be as in #show.");
  if (!/^[A-Za-z[\]\\`_^{|}][A-Za-z0-9[\]\\`_^{|}-]*$/.test(nick))
    throw refused("The nick has to be of letters, digits and -_[]\\`^{|}, and not begin with a digit.");
  if (Buffer.byteLength(channel) + nick.length > mostNameBytes) throw refused("The channel's name is too long.");
  const port = url.port === "" ? (isSecure ? 6697 : 6667) : Number(url.port);
  return { host: url.hostname, port, isSecure, channel, nick, username };
}

export function refused(message: string): PlatformError {
  return new PlatformError("refused", message);
}
