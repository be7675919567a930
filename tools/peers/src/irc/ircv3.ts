import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:net";
import { freePort } from "../ports.ts";
import { capabilities, serverName, Session } from "./ircv3-session.ts";
import type { IrcLine } from "./line.ts";

type Kept = { readonly id: string; readonly channel: string; readonly from: string; readonly line: IrcLine };

export type IrcV3 = {
  readonly port: number;
  /** `irc://127.0.0.1:PORT`. */
  readonly url: string;
  /** Passwords by account, for SASL PLAIN; add to it, delete from it. */
  readonly accounts: Map<string, string>;
  /** Every line as it came, passwords among them. */
  readonly received: readonly string[];
  readonly clients: () => number;
  /** Somebody who needs no connection says it in a channel; its msgid. A reply is marked `+draft/reply`. */
  readonly say: (channel: string, nick: string, text: string, options?: { readonly replyTo?: string }) => string;
  /** An operator takes a message back (`REDACT`, draft/message-redaction). */
  readonly redact: (channel: string, messageId: string) => void;
  /** Any line to everybody who is registered. */
  readonly send: (from: string, command: string, params: readonly string[], tags?: IrcLine["tags"]) => void;
  /** Closes all connections; what was said stays in the history. */
  readonly drop: () => void;
  readonly stop: () => Promise<void>;
};

/**
 * A fake, for what no IRC server that can be installed here offers: SASL,
 * message tags, msgid, server-time, echo-message, and the history of a channel
 * (LATEST and AFTER). From ircv3.net's specifications; irc-framework is its
 * client in the tests, and its parser reads and writes the lines.
 */
export async function startIrcV3(): Promise<IrcV3> {
  const accounts = new Map<string, string>();
  const received: string[] = [];
  const sessions = new Set<Session>();
  const channels = new Map<string, Set<Session>>();
  const history: Kept[] = [];

  const inChannel = (name: string): Set<Session> => {
    const members = channels.get(name) ?? new Set();
    channels.set(name, members);
    return members;
  };

  const tell = (kept: Kept, sender: Session | null): void => {
    history.push(kept);
    for (const member of inChannel(kept.channel))
      if (member !== sender || member.caps.has("echo-message"))
        member.send(kept.line.command, kept.line.params, kept.from, kept.line.tags);
  };

  const message = (channel: string, from: string, text: string, tags: IrcLine["tags"]): Kept => {
    const id = randomBytes(9).toString("base64url");
    const all = { ...tags, msgid: id, time: new Date().toISOString() };
    return { id, channel, from, line: { tags: all, prefix: from, command: "PRIVMSG", params: [channel, text] } };
  };

  const leave = (session: Session, reason: string): void => {
    sessions.delete(session);
    for (const members of channels.values())
      if (members.delete(session)) for (const member of members) member.send("QUIT", [reason], session.mask);
  };

  const authenticate = (session: Session, given: string): void => {
    if (given === "PLAIN") return session.send("AUTHENTICATE", ["+"]);
    const [, account = "", password] = Buffer.from(given, "base64").toString("utf8").split("\0");
    if (account === "" || accounts.get(account) !== password) return session.reply("904", "SASL authentication failed");
    session.account = account;
    session.reply("900", session.mask, account, `You are now logged in as ${account}`);
    session.reply("903", "SASL authentication successful");
  };

  const capability = (session: Session, [verb = "", list = ""]: readonly string[]): void => {
    if (verb === "END") session.negotiating = false;
    else session.negotiating = true;
    if (verb === "LS") {
      const offered = Object.entries(capabilities).map(([name, value]) => (value === "" ? name : `${name}=${value}`));
      session.reply("CAP", "LS", offered.join(" "));
    }
    if (verb === "REQ") {
      const asked = list.split(" ").filter((name) => name !== "");
      const known = asked.every((name) => name in capabilities);
      if (known) for (const name of asked) session.caps.add(name);
      session.reply("CAP", known ? "ACK" : "NAK", list);
    }
  };

  const register = (session: Session): void => {
    if (session.registered || session.negotiating || session.nick === "" || session.user === "") return;
    session.registered = true;
    session.reply("001", `Welcome, ${session.nick}`);
    session.reply(
      "005",
      "CHANTYPES=#",
      "CHATHISTORY=50",
      "MSGREFTYPES=msgid,timestamp",
      "are supported by this server",
    );
    session.reply("422", "There is no message of the day");
  };

  /** ircv3.net/specs/extensions/chathistory: `LATEST #c * 50`, `AFTER #c msgid=… 50` or `timestamp=…`. */
  const sendHistory = (
    session: Session,
    [verb = "", channel = "", reference = "*", limit = "50"]: readonly string[],
  ): void => {
    const all = history.filter((kept) => kept.channel === channel);
    const [type, value = ""] = reference.split("=");
    const after = all.filter((kept) =>
      type === "timestamp"
        ? String(kept.line.tags["time"]) > value
        : all.indexOf(kept) > all.findIndex(({ id }) => id === value),
    );
    const asked = verb === "AFTER" ? after.slice(0, Number(limit)) : all.slice(-Number(limit));
    const batch = randomBytes(4).toString("hex");
    session.send("BATCH", [`+${batch}`, "chathistory", channel]);
    for (const kept of asked)
      session.send(kept.line.command, kept.line.params, kept.from, { ...kept.line.tags, batch });
    session.send("BATCH", [`-${batch}`]);
  };

  const join = (session: Session, channel: string): void => {
    const members = inChannel(channel).add(session);
    // As servers with server-time do to every line.
    const time = new Date().toISOString();
    for (const member of members) member.send("JOIN", [channel], session.mask, { time });
    session.reply("353", "=", channel, [...members].map(({ nick }) => nick).join(" "));
    session.reply("366", channel, "End of NAMES");
  };

  const handle = (session: Session, { command, params, tags }: IrcLine): void => {
    const [first = "", second = ""] = params;
    if (command === "CAP") capability(session, params);
    else if (command === "AUTHENTICATE") authenticate(session, first);
    else if (command === "NICK") session.nick = first;
    else if (command === "USER") session.user = first;
    else if (command === "PING") session.send("PONG", [serverName, first]);
    else if (command === "QUIT") session.socket.end();
    else if (command === "PASS" || command === "PONG") return;
    else if (!session.registered) session.reply("451", "You have not registered");
    else if (command === "JOIN") join(session, first);
    else if (command === "PRIVMSG") {
      const own = Object.entries(tags).filter(([name]) => name.startsWith("+"));
      const account = session.account === null ? {} : { account: session.account };
      tell(message(first, session.mask, second, { ...Object.fromEntries(own), ...account }), session);
    } else if (command === "CHATHISTORY") sendHistory(session, params);
    else session.reply("421", command, "Unknown command");
    register(session);
  };

  const server = createServer((socket) => {
    const session = new Session(socket, (line, raw) => {
      received.push(raw);
      handle(session, line);
    });
    sessions.add(session);
    socket.once("close", () => leave(session, "Connection closed"));
  });
  const port = await freePort();
  server.listen(port, "127.0.0.1");
  await once(server, "listening");

  const drop = (): void => {
    for (const session of sessions) session.socket.destroy();
  };
  const send: IrcV3["send"] = (from, command, params, tags) => {
    for (const session of sessions) if (session.registered) session.send(command, params, from, tags);
  };
  return {
    port,
    url: `irc://127.0.0.1:${port}`,
    accounts,
    received,
    clients: () => sessions.size,
    say: (channel, nick, text, { replyTo } = {}) => {
      const tags: IrcLine["tags"] = replyTo === undefined ? {} : { "+draft/reply": replyTo };
      const kept = message(channel, `${nick}!${nick}@trax.test`, text, tags);
      tell(kept, null);
      return kept.id;
    },
    redact: (channel, messageId) => {
      for (const member of inChannel(channel))
        if (member.caps.has("draft/message-redaction"))
          member.send("REDACT", [channel, messageId, "taken back"], "op!op@trax.test", {
            time: new Date().toISOString(),
          });
    },
    send,
    drop,
    stop: async () => {
      const closed = once(server, "close");
      server.close();
      drop();
      await closed;
    },
  };
}
