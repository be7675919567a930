import { connect } from "node:net";
import type { Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { checkAddress } from "@trax/foundation/address-guard";
import { inNetworks } from "@trax/foundation/network";
import { PlatformError } from "../../platform.ts";
import type { PlatformErrorKind } from "../../platform.ts";
import { refused } from "./address.ts";
import type { IrcAccount } from "./address.ts";
import { formatLine, parseLine } from "./line.ts";
import type { IrcLine } from "./line.ts";
import { plainText } from "./text.ts";

/** A connection to a server, line by line. */
export type LineSocket = {
  write(line: string): void;
  /** Why it is no more. */
  readonly lost: Promise<PlatformError>;
  /** Ends it for this reason; what was written still goes out, for a moment. */
  end(why: PlatformError): void;
};

/** ms */
export type Patience = {
  /** From connecting until the connection is there. */
  readonly connecting: number;
  /** Silence after which it is asked whether it is still there. */
  readonly silence: number;
  /** For the answer to that. */
  readonly answer: number;
};

export const usualPatience: Patience = { connecting: 10_000, silence: 30_000, answer: 15_000 };
/** 512 bytes, and 8,191 of tags before them (ircv3.net/specs/extensions/message-tags). */
const longestLine = 16_384;
const farewellMs = 500;

/**
 * Connects to the very address that was checked; TLS is verified for the
 * server's name. PINGs are answered, and a server that falls silent is asked.
 * @param isSecretGiven a password never goes to the public in the clear
 * @throws PlatformError
 */
export async function openLineSocket(
  account: Pick<IrcAccount, "host" | "port" | "isSecure">,
  given: {
    readonly allowedNetworks: readonly string[];
    readonly isSecretGiven: boolean;
    readonly patience: Patience;
    readonly take: (line: IrcLine) => void;
  },
): Promise<LineSocket> {
  const { patience } = given;
  const checked = await checkAddress(account.host, given);
  if (!checked.ok) throw new PlatformError(checked.code === "dns_failed" ? "unavailable" : "refused", checked.message);
  if (given.isSecretGiven && !account.isSecure && !inNetworks(checked.ip, given.allowedNetworks))
    throw refused("The server has to be ircs: the password would be readable on the way.");
  const lost = Promise.withResolvers<PlatformError>();
  const connected = Promise.withResolvers<void>();
  connected.promise.catch(() => undefined);
  const socket: Socket = account.isSecure
    ? connectTls({ host: checked.ip, port: account.port, ...nameOf(account.host) }, () => connected.resolve())
    : connect({ host: checked.ip, port: account.port }, () => connected.resolve());
  socket.setEncoding("utf8").setKeepAlive(true, 60_000);

  let timer: NodeJS.Timeout | undefined;
  let why: PlatformError | null = null;
  let farewell = "";
  let rest = "";

  const end = (reason: PlatformError): void => {
    if (why !== null) return;
    why = reason;
    clearTimeout(timer);
    connected.reject(reason);
    lost.resolve(reason);
    socket.end();
    setTimeout(() => socket.destroy(), farewellMs).unref();
  };
  const unavailable = (message: string): void => end(new PlatformError("unavailable", message));
  const heard = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => {
      socket.write("PING :trax\r\n");
      timer = setTimeout(() => unavailable("The IRC server does not answer any more."), patience.answer);
    }, patience.silence);
  };
  const read = (text: string): void => {
    const line = parseLine(text);
    if (line === null) return;
    if (line.command === "PING") socket.write(`${formatLine("PONG", line.params)}\r\n`);
    else if (line.command === "ERROR") farewell = plainText(line.params.at(-1) ?? "").slice(0, 200);
    else given.take(line);
  };

  timer = setTimeout(() => unavailable("The IRC server could not be reached in time."), patience.connecting);
  socket.on("data", (chunk) => {
    if (why !== null) return;
    heard();
    const lines = (rest + String(chunk)).split(/\r?\n/);
    rest = lines.pop() ?? "";
    for (const text of lines) {
      if (why !== null) return;
      read(text);
    }
    if (rest.length > longestLine) unavailable("The IRC server sends what is no IRC.");
  });
  socket.on("error", (error) => unavailable(wordsOf(error)));
  socket.on("close", () => {
    const message = "The IRC server closed the connection";
    end(new PlatformError(kindOf(farewell), farewell === "" ? `${message}.` : `${message}: ${farewell}`));
  });
  await connected.promise;
  if (why === null) heard();
  return {
    write: (line) => {
      if (why === null) socket.write(`${line}\r\n`);
    },
    lost: lost.promise,
    end,
  };
}

/** What TLS is verified for. An address is no name that could be asked for (RFC 6066, 3). */
function nameOf(host: string): { readonly servername?: string } {
  const name = host.replace(/^\[|\]$/g, "");
  return /^[\d.]+$/.test(name) || name.includes(":") ? {} : { servername: name };
}

/** Servers have no numbers for why they close, only words. */
function kindOf(farewell: string): PlatformErrorKind {
  if (/password/i.test(farewell)) return "unauthorized";
  return /\b(banned|[kgz]-?lined?)\b/i.test(farewell) ? "refused" : "unavailable";
}

function wordsOf(error: Error): string {
  const code = "code" in error ? String(error.code) : "";
  return /CERT|TLS|SSL|SELF_SIGNED|ISSUER|VERIFY/.test(code)
    ? "The IRC server's certificate cannot be trusted, or it speaks no TLS there."
    : "The IRC server could not be reached, or the connection broke.";
}
