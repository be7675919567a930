import { PlatformError } from "../features/connections/index.ts";
import type { Capabilities, ChatUpdate, PlatformClient, PlatformSession } from "../features/connections/index.ts";
import type { ChatConnections } from "../features/chat/index.ts";
import { Secret } from "@trax/foundation/secret";

type Read = Parameters<NonNullable<PlatformClient["readChat"]>>[1];
type Send = NonNullable<PlatformClient["sendChat"]>;

/** One who reads a chat now. */
export type ScriptedReader = {
  readonly connectionId: string;
  readonly from: string | null;
  readonly signal: AbortSignal;
  take(updates: readonly ChatUpdate[], cursor?: string | null): Promise<void>;
  /** The platform ends it. */
  lose(error?: Error): void;
};

/**
 * A platform that does as a test says: who reads is handed to the test, and what
 * is sent goes to the function it has set. Its accounts are rows that the test
 * made, whose account on the platform is `self`.
 */
export class ScriptedPlatform implements ChatConnections {
  readonly name: string;
  chat: Capabilities["chat"] = { read: true, send: true, replies: true, longest: 20, longer: "split" };
  /** Null: it cannot be opened, for this reason. */
  refusal: PlatformError | null = null;
  send: Send = () => Promise.resolve({ platformMessageId: null });
  readonly readers: ScriptedReader[] = [];
  #arrived = Promise.withResolvers<void>();

  constructor(name: string) {
    this.name = name;
  }

  /** The readers at work. */
  get reading(): ScriptedReader[] {
    return this.readers.filter(({ signal }) => !signal.aborted);
  }

  /** The nth reader that came, from 0. */
  async reader(index: number): Promise<ScriptedReader> {
    for (;;) {
      const reader = this.readers[index];
      if (reader !== undefined) return reader;
      await this.#arrived.promise;
    }
  }

  capabilities(platform: string): Capabilities["chat"] | null {
    return platform === this.name ? this.chat : null;
  }

  client(platform: string): PlatformClient | null {
    return platform === this.name ? this.#client() : null;
  }

  open(connectionId: string): Promise<{ client: PlatformClient; session: PlatformSession }> {
    if (this.refusal !== null) return Promise.reject(this.refusal);
    const session: PlatformSession = {
      connectionId,
      accountId: "",
      platformUserId: "self",
      accountName: "Self",
      settings: {},
      accessToken: () => Promise.resolve(new Secret("token")),
      password: () => null,
      refused: () => undefined,
      passwordRefused: () => Promise.resolve(),
    };
    return Promise.resolve({ client: this.#client(), session });
  }

  #client(): PlatformClient {
    return {
      readChat: (session, reading) => this.#read(session.connectionId, reading),
      sendChat: (session, message) => this.send(session, message),
      webhook: ({ headers, body }) => {
        if (headers["x-signature"] !== "good") return Promise.resolve(null);
        const { deliveryId, texts }: { deliveryId: string; texts: string[] } = JSON.parse(Buffer.from(body).toString());
        const updates = texts.map((text) => said(text));
        return Promise.resolve({ deliveryId, platformUserId: "self", updates });
      },
    };
  }

  async #read(connectionId: string, reading: Read): Promise<void> {
    const over = Promise.withResolvers<void>();
    const { signal } = reading;
    this.readers.push({
      connectionId,
      from: reading.from,
      signal,
      take: (updates, cursor = null) => reading.take(updates, cursor),
      lose: (error) => (error === undefined ? over.resolve() : over.reject(error)),
    });
    signal.addEventListener("abort", () => over.resolve());
    const arrived = this.#arrived;
    this.#arrived = Promise.withResolvers();
    arrived.resolve();
    reading.ready();
    await over.promise;
  }
}

/** A message as a platform tells it; its id is its text unless given. */
export function said(
  text: string,
  more: Partial<Extract<ChatUpdate, { kind: "message" }>> = {},
  author: Partial<Extract<ChatUpdate, { kind: "message" }>["author"]> = {},
): Extract<ChatUpdate, { kind: "message" }> {
  return {
    kind: "message",
    platformMessageId: text,
    author: {
      platformUserId: "ada",
      name: "Ada",
      color: "#1e90ff",
      badges: ["subscriber"],
      isModerator: false,
      isOwner: false,
      ...author,
    },
    text,
    emotes: [],
    replyTo: null,
    sentAt: new Date(),
    ...more,
  };
}
