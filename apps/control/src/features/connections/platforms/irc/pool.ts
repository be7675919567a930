import { createHash } from "node:crypto";
import { LRUCache } from "lru-cache";
import { PlatformError } from "../../platform.ts";
import type { PlatformSession } from "../../platform.ts";
import { readAccount } from "./address.ts";
import { joinChannel } from "./connection.ts";
import type { IrcConnection } from "./connection.ts";
import type { Patience } from "./line-socket.ts";

/** What was opened to say something stays for what is said next, ms. */
const lingerMs = 30_000;
/** A password that was not taken for so long has to be given anew, ms: what checks passwords may be away for a while. */
const refusedMs = 600_000;

/** The use of a connection, until it is released. */
export type Use = {
  /** Rejects with a `PlatformError` where it cannot come into its channel. */
  readonly connection: Promise<IrcConnection>;
  release(): void;
};

type Entry = {
  readonly print: string;
  readonly connection: Promise<IrcConnection>;
  uses: number;
  timer: NodeJS.Timeout | undefined;
};

/** Owns the connections: one for each linked account, shared by who reads and who sends, closed when nobody does. */
export class IrcPool {
  readonly #allowedNetworks: readonly string[];
  readonly #patience: Patience | undefined;
  readonly #entries = new Map<string, Entry>();
  /** Whose password was not taken the last time, which, and since when. */
  readonly #refused = new LRUCache<string, { readonly print: string; readonly since: number }>({ max: 1_000 });

  constructor(allowedNetworks: readonly string[], patience?: Patience) {
    this.#allowedNetworks = allowedNetworks;
    this.#patience = patience;
  }

  /** @param lingers it stays open for a moment after its last use */
  use(session: PlatformSession, { lingers }: { readonly lingers: boolean }): Use {
    const entry = this.#entryOf(session);
    entry.uses += 1;
    clearTimeout(entry.timer);
    let isReleased = false;
    return {
      connection: entry.connection,
      release: () => {
        if (isReleased) return;
        isReleased = true;
        entry.uses -= 1;
        if (entry.uses > 0) return;
        const isCurrent = this.#entries.get(session.connectionId) === entry;
        if (lingers && isCurrent) entry.timer = setTimeout(() => this.#close(session.connectionId, entry), lingerMs);
        else this.#close(session.connectionId, entry);
      },
    };
  }

  close(): void {
    for (const [connectionId, entry] of this.#entries) this.#close(connectionId, entry);
  }

  #entryOf(session: PlatformSession): Entry {
    const { connectionId } = session;
    const password = session.password();
    // Linked anew, it is another connection.
    const print = createHash("sha256")
      .update(JSON.stringify([session.settings, password?.reveal() ?? null]))
      .digest("hex");
    const known = this.#entries.get(connectionId);
    if (known !== undefined && known.print === print) return known;
    if (known !== undefined && known.uses === 0) this.#close(connectionId, known);
    const connection = this.#join(session, print);
    const entry: Entry = { print, connection, uses: 0, timer: undefined };
    this.#entries.set(connectionId, entry);
    const forget = (): void => {
      clearTimeout(entry.timer);
      if (this.#entries.get(connectionId) === entry) this.#entries.delete(connectionId);
    };
    connection.then((opened) => void opened.lost.then(forget), forget);
    return entry;
  }

  async #join(session: PlatformSession, print: string): Promise<IrcConnection> {
    const { connectionId } = session;
    try {
      const connection = await joinChannel({
        account: readAccount(session.settings),
        password: session.password(),
        ident: identOf(connectionId),
        ourselves: session.platformUserId,
        allowedNetworks: this.#allowedNetworks,
        ...(this.#patience === undefined ? {} : { patience: this.#patience }),
      });
      this.#refused.delete(connectionId);
      return connection;
    } catch (error) {
      if (!(error instanceof PlatformError) || error.kind !== "unauthorized") throw error;
      const known = this.#refused.get(connectionId);
      if (known?.print !== print) this.#refused.set(connectionId, { print, since: Date.now() });
      else if (Date.now() - known.since >= refusedMs) await session.passwordRefused(error.message);
      throw error;
    }
  }

  #close(connectionId: string, entry: Entry): void {
    clearTimeout(entry.timer);
    if (this.#entries.get(connectionId) === entry) this.#entries.delete(connectionId);
    entry.connection.then(
      (connection) => connection.close(),
      () => undefined,
    );
  }
}

/**
 * The user's name of all connections of one account: another node may send what
 * this one reads, under another nick. Nine characters are what old servers keep.
 */
export function identOf(connectionId: string): string {
  return `t${createHash("sha256").update(connectionId).digest("hex").slice(0, 8)}`;
}
