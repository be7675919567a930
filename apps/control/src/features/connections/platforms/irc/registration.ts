import { randomInt } from "node:crypto";
import type { Secret } from "@trax/foundation/secret";
import { PlatformError } from "../../platform.ts";
import { refused } from "./address.ts";
import type { IrcAccount } from "./address.ts";
import { formatLine } from "./line.ts";
import type { IrcLine } from "./line.ts";
import { plainText } from "./text.ts";

/** What is asked for where a server has it (ircv3.net/irc). */
const useful = [
  "message-tags",
  "server-time",
  "account-tag",
  "echo-message",
  "batch",
  "multi-prefix",
  "draft/chathistory",
  "draft/message-redaction",
];
/** A server that knows nothing of capabilities may say nothing at all. */
const capabilitiesMs = 5_000;
const saslChunk = 400;

/** How a connection gets in; takes every line until it is. */
export type Registration = {
  /** What the server granted. */
  readonly capabilities: ReadonlySet<string>;
  /** The account that it was logged in to, by the server's name of it; null: none. */
  account(): string | null;
  take(line: IrcLine): void;
  stop(): void;
};

/**
 * Registers (RFC 2812, 3.1) after negotiating capabilities (ircv3.net/specs/extensions/capability-negotiation),
 * by SASL PLAIN where it is offered and there is a password, else with the password as PASS.
 */
export function startRegistration(given: {
  readonly account: IrcAccount;
  readonly ident: string;
  readonly password: Secret | null;
  readonly write: (line: string) => void;
  /** In, under this nick. */
  readonly done: (nick: string) => void;
  readonly fail: (error: PlatformError) => void;
}): Registration {
  const { account, password, write } = given;
  const offered = new Map<string, string>();
  const capabilities = new Set<string>();
  let isIntroduced = false;
  let tried = 0;
  let loggedInTo: string | null = null;

  const offersSasl = (): boolean => {
    const mechanisms = offered.get("sasl");
    return mechanisms !== undefined && (mechanisms === "" || mechanisms.split(",").includes("PLAIN"));
  };
  const introduce = (): void => {
    if (isIntroduced) return;
    isIntroduced = true;
    clearTimeout(timer);
    if (password !== null && !offersSasl()) write(formatLine("PASS", [password.reveal()]));
    write(formatLine("NICK", [account.nick]));
    write(formatLine("USER", [given.ident, "0", "*", "TRaX"]));
  };
  const timer = setTimeout(introduce, capabilitiesMs);
  write("CAP LS 302");

  const negotiate = ([, verb = "", ...rest]: readonly string[]): void => {
    const names = (rest.at(-1) ?? "").split(" ").filter((name) => name !== "");
    if (verb === "LS") {
      for (const name of names) {
        const [key = "", ...value] = name.split("=");
        if (useful.includes(key) || key === "sasl") offered.set(key, value.join("="));
      }
      if (rest.length > 1) return;
      introduce();
      const wanted = useful.filter((name) => offered.has(name));
      if (password !== null && offersSasl()) wanted.push("sasl");
      write(wanted.length === 0 ? "CAP END" : formatLine("CAP", ["REQ", wanted.join(" ")]));
    } else if (verb === "ACK") {
      for (const name of names) if (offered.has(name)) capabilities.add(name);
      write(capabilities.has("sasl") ? "AUTHENTICATE PLAIN" : "CAP END");
    } else if (verb === "NAK") write("CAP END");
  };

  /** RFC 4616, in parts of 400 (ircv3.net/specs/extensions/sasl-3.1). */
  const authenticate = (): void => {
    const text = Buffer.from(`\0${account.username}\0${password?.reveal() ?? ""}`).toString("base64");
    for (let start = 0; start < text.length; start += saslChunk)
      write(`AUTHENTICATE ${text.slice(start, start + saslChunk)}`);
    if (text.length % saslChunk === 0) write("AUTHENTICATE +");
  };

  /** Somebody has it: another one like it. */
  const tryNick = (said: string): void => {
    const { nick } = account;
    const number = String(randomInt(10, 100));
    const others = [`${nick}_`, `${nick.slice(0, -1)}_`, `${nick}${number}`, `${nick.slice(0, -2) || "t"}${number}`];
    const next = others[tried++];
    if (next === undefined) given.fail(new PlatformError("unavailable", `The nick ${nick} cannot be had. ${said}`));
    else write(formatLine("NICK", [next]));
  };

  return {
    capabilities,
    account: () => loggedInTo,
    take({ command, params }) {
      const said = `It says: ${plainText(params.at(-1) ?? "").slice(0, 200)}`;
      switch (command) {
        case "CAP":
          return negotiate(params);
        case "AUTHENTICATE":
          return params[0] === "+" ? authenticate() : undefined;
        case "900":
          loggedInTo = params[2] ?? null;
          return;
        case "903":
          return write("CAP END");
        case "902":
        case "904":
        case "905":
        case "908":
          return given.fail(new PlatformError("unauthorized", `The IRC server does not take the password. ${said}`));
        // Given up by the server, as where what checks passwords is away.
        case "906":
          return given.fail(new PlatformError("unavailable", `The IRC server did not check the password. ${said}`));
        case "464":
          return given.fail(new PlatformError("unauthorized", `The IRC server wants another password. ${said}`));
        case "465":
          return given.fail(refused(`The IRC server does not let TRaX in. ${said}`));
        case "432":
          if (tried === 0) return given.fail(refused(`The IRC server does not take the nick. ${said}`));
          return tryNick(said);
        case "433":
        case "436":
        case "437":
          return tryNick(said);
        // It knows no CAP.
        case "421":
        case "451":
          return introduce();
        case "001":
          clearTimeout(timer);
          return given.done(params[0] ?? account.nick);
      }
    },
    stop: () => clearTimeout(timer),
  };
}
