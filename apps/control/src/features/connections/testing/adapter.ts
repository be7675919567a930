import { Secret } from "@trax/foundation/secret";
import { openLog } from "@trax/foundation/log";
import { waitFor } from "@trax/peers";
import { openPlatformHttp } from "../http.ts";
import { PlatformError } from "../platform.ts";
import type { ChatUpdate, Linked, Platform, PlatformClient, PlatformSession } from "../platform.ts";
import { variableOf } from "../registry.ts";

/**
 * An adapter by itself, as the registry would open it; `spent` are the units of its quota.
 * @param allowedNetworks that addresses which users gave may be in, although they are not public
 */
export function openAdapter(
  platform: Platform,
  environment: Readonly<Record<string, string>>,
  allowedNetworks: readonly string[] = [],
): { readonly client: PlatformClient; readonly spent: () => number; readonly close: () => void } {
  const http = openPlatformHttp(platform.title, allowedNetworks);
  let units = 0;
  const client = platform.open({
    setting: (name) => environment[variableOf(platform.name, name)] ?? platform.settings[name]?.otherwise ?? null,
    http,
    allowedNetworks,
    publicUrl: "http://trax.invalid",
    log: openLog("test", "silent"),
    spend: (more) => {
      units += more;
      return Promise.resolve();
    },
  });
  if (client === null) throw new Error(`${platform.name} is not set up`);
  const close = (): void => {
    client.close?.();
    http.close();
  };
  return { client, spent: () => units, close };
}

/** The session of what was linked by what a request held. What is refused of it was all there is. */
export function sessionOf({ platformUserId, accountName, settings, secrets }: Linked): PlatformSession {
  let isRefused = false;
  const { accessToken, password } = secrets;
  return {
    connectionId: "cnx_test",
    accountId: "acc_test",
    platformUserId,
    accountName,
    settings,
    accessToken: () =>
      isRefused || accessToken === undefined
        ? Promise.reject(new PlatformError("unauthorized", "Its access is over."))
        : Promise.resolve(new Secret(accessToken)),
    password: () => (password === undefined ? null : new Secret(password)),
    refused() {
      isRefused = true;
    },
    passwordRefused: () => Promise.resolve(),
  };
}

/** A linked account whose tokens are these, the next one once one is refused; after the last, the grant is over. */
export class AdapterSession implements PlatformSession {
  readonly connectionId = "cnx_test";
  readonly accountId = "acc_test";
  readonly accountName = "Test";
  readonly settings = {};
  readonly platformUserId: string;
  /** Refused so far. */
  readonly refusals: string[] = [];
  readonly #next: () => string | null;
  #token: string | null;

  constructor(platformUserId: string, next: () => string | null) {
    this.platformUserId = platformUserId;
    this.#next = next;
    this.#token = next();
  }

  accessToken(): Promise<Secret> {
    if (this.#token === null) return Promise.reject(new PlatformError("unauthorized", "The grant is over."));
    return Promise.resolve(new Secret(this.#token));
  }

  password(): null {
    return null;
  }

  refused(token: Secret): void {
    this.refusals.push(token.reveal());
    if (token.reveal() === this.#token) this.#token = this.#next();
  }

  passwordRefused(): Promise<void> {
    return Promise.resolve();
  }
}

/** Reads a chat until it is ended, or ends by itself. */
export class ChatReading implements AsyncDisposable {
  readonly updates: ChatUpdate[] = [];
  readonly cursors: string[] = [];
  isReady = false;
  /** Why it ended; undefined while it reads. */
  end: unknown;
  readonly #controller = new AbortController();
  readonly #done: Promise<void>;

  constructor(client: PlatformClient, session: PlatformSession, from: string | null = null) {
    const reading = client.readChat?.(session, {
      from,
      signal: this.#controller.signal,
      ready: () => {
        this.isReady = true;
      },
      take: (updates, cursor) => {
        this.updates.push(...updates);
        if (cursor !== null) this.cursors.push(cursor);
        return Promise.resolve();
      },
    });
    this.#done = (reading ?? Promise.reject(new Error("it cannot be read"))).then(
      () => {
        this.end = "it ended";
      },
      (error: unknown) => {
        this.end = error;
      },
    );
  }

  static async open(
    client: PlatformClient,
    session: PlatformSession,
    from: string | null = null,
  ): Promise<ChatReading> {
    const reading = new ChatReading(client, session, from);
    await waitFor("the chat is read", () => reading.isReady || reading.end !== undefined);
    if (!reading.isReady) throw reading.end;
    return reading;
  }

  /** Texts, and of what is no message its kind. */
  get told(): string[] {
    return this.updates.map((update) => (update.kind === "message" ? update.text : update.kind));
  }

  async until(count: number): Promise<readonly ChatUpdate[]> {
    await waitFor(`${count} updates beyond ${this.told.join()}`, () => this.updates.length >= count);
    return this.updates;
  }

  /** The error that it ends with. */
  async ended(): Promise<PlatformError> {
    await waitFor("the chat's reading ends", () => this.end !== undefined);
    if (this.end instanceof PlatformError) return this.end;
    throw this.end;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#controller.abort();
    await this.#done;
  }
}
