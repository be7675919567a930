import { createRequire } from "node:module";
import { waitFor } from "../wait-for.ts";

/** The part of irc-framework's client that is used here; the package has no types. */
type Framework = {
  connect(options: Readonly<Record<string, unknown>>): void;
  say(target: string, text: string): void;
  join(channel: string): void;
  part(channel: string): void;
  changeNick(nick: string): void;
  raw(...parts: readonly string[]): void;
  quit(message?: string): void;
  on(event: string, listener: (event: Readonly<Record<string, unknown>>) => void): void;
};

const framework: { readonly Client: new () => Framework } = createRequire(import.meta.url)("irc-framework");

export type IrcHeard = {
  readonly nick: string;
  readonly target: string;
  readonly text: string;
  /** Message tags; none from a server that knows none. */
  readonly tags: Readonly<Record<string, unknown>>;
};

/** Somebody else on an IRC server, by irc-framework. */
export type IrcClient = {
  readonly nick: string;
  /** What others said where it is, oldest first; an action (`/me`) begins with `/me `. */
  readonly heard: readonly IrcHeard[];
  readonly join: (channel: string) => Promise<void>;
  readonly part: (channel: string) => void;
  /** To the channel it joined last, unless another target is named. */
  readonly say: (text: string, target?: string) => void;
  readonly changeNick: (nick: string) => void;
  /** A line as it is, such as `KICK`, `#channel`, `nick`; where the last has spaces it is put behind a colon. */
  readonly raw: (...parts: readonly string[]) => void;
  /** The nicks in the channel at this moment, sorted. */
  readonly names: (channel: string) => Promise<string[]>;
  /** Fulfilled once it heard exactly that text. */
  readonly hears: (text: string) => Promise<IrcHeard>;
  readonly quit: () => Promise<void>;
};

export type IrcClientOptions = {
  readonly port: number;
  readonly nick: string;
  /** Joined before the promise is fulfilled. */
  readonly channel?: string;
  readonly password?: string;
  /** By SASL PLAIN; where it fails, the client is not let in. */
  readonly sasl?: { readonly account: string; readonly password: string };
};

/** Connects a client to a server on loopback and waits until it is registered. */
export async function startIrcClient(options: IrcClientOptions): Promise<IrcClient> {
  const client = new framework.Client();
  const heard: IrcHeard[] = [];
  const joined = new Set<string>();
  const names = new Map<string, string[]>();
  let nick: string | null = null;
  let closed = false;
  let channel = "";
  const listen = (event: string, prefix: string): void =>
    client.on(event, (data) =>
      heard.push({
        nick: String(data["nick"]),
        target: String(data["target"]),
        text: `${prefix}${String(data["message"])}`,
        tags: { ...asRecord(data["tags"]) },
      }),
    );
  listen("privmsg", "");
  listen("action", "/me ");
  client.on("registered", (data) => (nick = String(data["nick"])));
  client.on("nick", (data) => {
    if (data["nick"] === nick) nick = String(data["new_nick"]);
  });
  client.on("join", (data) => {
    if (data["nick"] === nick) joined.add(String(data["channel"]));
  });
  client.on("userlist", (data) => {
    const users = Array.isArray(data["users"]) ? data["users"] : [];
    names.set(String(data["channel"]), users.map((user: { readonly nick?: unknown }) => String(user.nick)).sort());
  });
  client.on("close", () => (closed = true));
  client.connect({
    host: "127.0.0.1",
    port: options.port,
    nick: options.nick,
    auto_reconnect: false,
    ...(options.password === undefined ? {} : { password: options.password }),
    ...(options.sasl === undefined ? {} : { account: options.sasl, sasl_disconnect_on_fail: true }),
  });

  const quit = async (): Promise<void> => {
    if (!closed) client.quit();
    await waitFor("the IRC client is gone", () => closed);
  };
  const join = async (name: string): Promise<void> => {
    client.join(name);
    await waitFor(`${options.nick} joined ${name}`, () => joined.has(name));
    channel = name;
  };
  try {
    await waitFor(`${options.nick} is registered`, () => {
      if (closed) throw new Error(`the server did not let ${options.nick} in`);
      return nick;
    });
    if (options.channel !== undefined) await join(options.channel);
  } catch (error) {
    await quit();
    throw error;
  }
  return {
    get nick() {
      return nick ?? options.nick;
    },
    heard,
    join,
    part: (name) => {
      joined.delete(name);
      client.part(name);
    },
    say: (text, target = channel) => client.say(target, text),
    changeNick: (next) => client.changeNick(next),
    raw: (...parts) => client.raw(...parts),
    names: async (name) => {
      names.delete(name);
      client.raw("NAMES", name);
      return waitFor(`names of ${name}`, () => names.get(name));
    },
    hears: (text) => waitFor(`${options.nick} hears "${text}"`, () => heard.find((one) => one.text === text)),
    quit,
  };
}

function asRecord(value: unknown): object {
  return typeof value === "object" && value !== null ? value : {};
}
