import type { Secret } from "@trax/foundation/secret";
import { beforehand } from "../../not-done.ts";
import { PlatformError } from "../../platform.ts";
import { refused } from "./address.ts";
import type { IrcAccount } from "./address.ts";
import { History } from "./history.ts";
import { folded, formatLine } from "./line.ts";
import type { IrcLine } from "./line.ts";
import { openLineSocket, usualPatience } from "./line-socket.ts";
import type { LineSocket, Patience } from "./line-socket.ts";
import { Members } from "./members.ts";
import { openPace } from "./pace.ts";
import { startRegistration } from "./registration.ts";
import type { Registration } from "./registration.ts";
import { isServersId, placeOf, saidOf } from "./said.ts";
import type { Place, Said } from "./said.ts";
import { plainText } from "./text.ts";

export type Joining = {
  readonly account: IrcAccount;
  readonly password: Secret | null;
  /** The user's name there, which our own other connections are known by. */
  readonly ident: string;
  /** What our own messages' author is called. */
  readonly ourselves: string;
  readonly allowedNetworks: readonly string[];
  readonly patience?: Patience;
};

/** From the connection until it is in the channel, ms. */
const joiningMs = 20_000;
/** What is kept for a reader that has not come yet. */
const mostKept = 200;
/** Answers to JOIN that say no (RFC 2812, 5.2; modern.ircdocs.horse). */
const notJoined = new Set(["403", "405", "407", "437", "471", "473", "474", "475", "476", "477", "480", "489", "520"]);

type Sending = {
  readonly token: string;
  id: string | null;
  no: string | null;
  readonly answer: PromiseWithResolvers<void>;
};

/** A connection that is in its channel; `joinChannel` makes one. */
export class IrcConnection {
  readonly lost: Promise<PlatformError>;
  /** Where reading begins: when it came into the channel, by the server's clock. Null where it tells no times. */
  joinedAt: Place | null = null;
  readonly history: History;
  readonly #o: Joining;
  readonly #socket: LineSocket;
  readonly #registration: Registration;
  readonly #members: Members;
  readonly #joined = Promise.withResolvers<void>();
  readonly #pace = openPace();
  #nick: string | null = null;
  #take: ((said: Said) => void) | null = null;
  #kept: Said[] = [];
  #sending: Sending | null = null;
  #turn: Promise<unknown> = Promise.resolve();
  #tokens = 0;
  #why: PlatformError | null = null;

  constructor(joining: Joining, socket: LineSocket) {
    this.#o = joining;
    this.#socket = socket;
    this.lost = socket.lost;
    this.history = new History(joining.account.channel, socket.write);
    this.#members = new Members(joining.account.channel);
    this.#registration = startRegistration({
      ...joining,
      write: socket.write,
      done: (nick) => {
        this.#nick = nick;
        socket.write(formatLine("JOIN", [joining.account.channel]));
      },
      fail: (error) => socket.end(error),
    });
    const timer = setTimeout(
      () => socket.end(new PlatformError("unavailable", "The IRC server did not let TRaX into the channel in time.")),
      joiningMs,
    );
    this.#joined.promise.catch(() => undefined);
    void this.#joined.promise.then(
      () => clearTimeout(timer),
      () => clearTimeout(timer),
    );
    void socket.lost.then((why) => {
      this.#why = why;
      this.#registration.stop();
      this.#joined.reject(why);
      this.history.failed();
      // Whatever ended it: it may have been shown before.
      this.#sending?.answer.reject(new PlatformError("unavailable", why.message));
    });
  }

  get joined(): Promise<void> {
    return this.#joined.promise;
  }

  has(capability: string): boolean {
    return this.#registration.capabilities.has(capability);
  }

  /** From now on, and what was kept until now; null: nobody reads. */
  listen(take: ((said: Said) => void) | null): void {
    this.#take = take;
    if (take !== null) for (const said of this.#kept.splice(0)) take(said);
  }

  /**
   * Says it in the channel. Resolves once the server has dealt with it, with its
   * id where the server gives one.
   */
  async say(text: string, replyTo: string | null, signal: AbortSignal): Promise<string | null> {
    const turn = this.#turn.then(() => this.#say(text, replyTo, signal));
    this.#turn = turn.catch(() => undefined);
    return turn;
  }

  close(): void {
    this.#socket.write("QUIT :TRaX");
    this.#socket.end(new PlatformError("unavailable", "TRaX left the channel."));
  }

  async #say(text: string, replyTo: string | null, signal: AbortSignal): Promise<string | null> {
    await beforehand(this.#ready(signal), signal);
    const sending: Sending = {
      token: `trax-${(this.#tokens += 1)}`,
      id: null,
      no: null,
      answer: Promise.withResolvers<void>(),
    };
    sending.answer.promise.catch(() => undefined);
    const stop = (): void => sending.answer.reject(signal.reason);
    signal.addEventListener("abort", stop);
    this.#sending = sending;
    try {
      const isReply = replyTo !== null && this.has("message-tags") && isServersId(replyTo);
      const tags = isReply ? { "+draft/reply": replyTo } : {};
      this.#socket.write(formatLine("PRIVMSG", [this.#o.account.channel, text], tags));
      // Its answer comes after what the server has to say of the message.
      this.#socket.write(formatLine("PING", [sending.token]));
      await sending.answer.promise;
    } finally {
      signal.removeEventListener("abort", stop);
      this.#sending = null;
    }
    if (sending.no !== null) throw refused(`The channel does not take it. ${sending.no}`);
    return sending.id;
  }

  async #ready(signal: AbortSignal): Promise<void> {
    await this.#pace(signal);
    if (this.#why !== null) throw this.#why;
  }

  /** Every line that comes, in its order. */
  take(line: IrcLine): void {
    const nick = this.#nick;
    if (nick === null) {
      this.#registration.take(line);
      return;
    }
    const { command, params } = line;
    const isOurs = folded(line.nick) === folded(nick);
    this.#members.take(line);
    if (command === "005") this.history.learn(params);
    else if (command === "NICK" && isOurs) this.#nick = params[0] ?? nick;
    else if (command === "JOIN" && isOurs) this.joinedAt = placeOf(line.tags);
    else if (command === "366" && this.#isHere(params[1])) this.#joined.resolve();
    else if (command === "KICK" && this.#isHere(params[0]) && folded(params[1] ?? "") === folded(nick))
      this.#socket.end(refused(`${line.nick} has put TRaX out of ${params[0] ?? ""}. ${quoted(params[2])}`));
    else if (command === "PART" && isOurs && this.#isHere(params[0]))
      this.#socket.end(refused(`TRaX was taken out of ${params[0] ?? ""}.`));
    else if (command === "BATCH") for (const said of this.history.batch(params)) this.#give(said);
    else if (command === "PONG") this.#answered(params.at(-1) ?? "");
    else if (command === "FAIL") this.#failed(params);
    else if (/^[45]\d\d$/.test(command)) this.#refused(command, params);
    else if (command === "PRIVMSG" || command === "NOTICE" || command === "REDACT") this.#said(line, isOurs);
    this.#takeNickBack(line, nick);
  }

  #said(line: IrcLine, isThisConnection: boolean): void {
    const batch = line.tags.get("batch");
    const said = saidOf(line, {
      channel: this.#o.account.channel,
      isSelf: isThisConnection || this.#isOurOther(line),
      ourselves: this.#o.ourselves,
      standing: this.#members.standingOf(line.nick),
    });
    if (said === null || this.history.keeps(batch, said)) return;
    // The echo of what is shown already.
    if (isThisConnection && line.command !== "REDACT") {
      if (this.#sending !== null) this.#sending.id ??= line.tags.get("msgid") ?? null;
      return;
    }
    this.#give(said);
  }

  /** What another connection of ours says. Where the server tells accounts, nobody can pass for ours; else a user's name has to do. */
  #isOurOther({ tags, user }: IrcLine): boolean {
    const ours = this.has("account-tag") ? this.#registration.account() : null;
    return ours === null ? user === this.#o.ident : folded(tags.get("account") ?? "") === folded(ours);
  }

  #give(said: Said): void {
    if (this.#take !== null) this.#take(said);
    else if (this.#kept.length < mostKept) this.#kept.push(said);
  }

  #answered(token: string): void {
    if (this.#sending?.token === token) this.#sending.answer.resolve();
  }

  #failed(params: readonly string[]): void {
    if (params[0] === "CHATHISTORY") this.history.failed();
    else if (params[0] === "PRIVMSG" && this.#sending !== null) this.#sending.no ??= quoted(params.at(-1));
  }

  #refused(command: string, params: readonly string[]): void {
    if (!this.#isHere(params[1])) return;
    const said = quoted(params.at(-1));
    if (this.#sending !== null) this.#sending.no ??= said;
    else if (notJoined.has(command)) this.#socket.end(refused(`${params[1] ?? ""} cannot be joined. ${said}`));
  }

  /** Whoever had our nick, which may have been our own last connection, has given it up. */
  #takeNickBack(line: IrcLine, nick: string): void {
    const wanted = this.#o.account.nick;
    const isFreed = (line.command === "QUIT" || line.command === "NICK") && folded(line.nick) === folded(wanted);
    if (isFreed && folded(nick) !== folded(wanted)) this.#socket.write(formatLine("NICK", [wanted]));
  }

  #isHere(channel: string | undefined): boolean {
    return channel !== undefined && folded(channel) === folded(this.#o.account.channel);
  }
}

/** Connects, and comes into the channel. Throws a `PlatformError`. */
export async function joinChannel(joining: Joining): Promise<IrcConnection> {
  let connection: IrcConnection | null = null;
  const early: IrcLine[] = [];
  const socket = await openLineSocket(joining.account, {
    allowedNetworks: joining.allowedNetworks,
    isSecretGiven: joining.password !== null,
    patience: joining.patience ?? usualPatience,
    // Servers greet whom they have not heard yet.
    take: (line) => (connection === null ? early.push(line) : connection.take(line)),
  });
  const opened = new IrcConnection(joining, socket);
  connection = opened;
  for (const line of early) opened.take(line);
  try {
    await opened.joined;
  } catch (error) {
    throw withoutPassword(error, joining.password);
  }
  return opened;
}

/** A server may repeat what it was given. */
function withoutPassword(error: unknown, password: Secret | null): unknown {
  const secret = password?.reveal() ?? "";
  if (secret === "" || !(error instanceof PlatformError) || !error.message.includes(secret)) return error;
  return new PlatformError(error.kind, error.message.replaceAll(secret, "[secret]"), error.retryAfterMs);
}

function quoted(words: string | undefined): string {
  const said = plainText(words ?? "").slice(0, 200);
  return said === "" ? "" : `It says: ${said}`;
}
