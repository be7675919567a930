import type { Database } from "@trax/foundation/database";
import { isDatabaseAway } from "@trax/foundation/database";
import type { Secret } from "@trax/foundation/secret";
import { mediaTokenHash } from "@trax/media-protocol";

/** How many are remembered for the time the database is away. */
const most = 10_000;

/**
 * Media sessions by their tokens. While the database restarts, one seen before
 * still counts: an encoder that is refused often does not come back.
 */
export class RememberedSessions<Session extends { readonly expiresAt: Date }> {
  readonly #db: Database;
  readonly #find: (db: Database, token: string) => Promise<Session | null>;
  /** By the token's hash, least recently used first. */
  readonly #remembered = new Map<string, Session>();

  constructor(db: Database, find: (db: Database, token: string) => Promise<Session | null>) {
    this.#db = db;
    this.#find = find;
  }

  /** The unexpired session of a token, or null. */
  async of(token: Secret): Promise<Session | null> {
    const key = mediaTokenHash(token.reveal()).toString("base64");
    const remembered = this.#remembered.get(key);
    this.#remembered.delete(key);
    try {
      const session = await this.#find(this.#db, token.reveal());
      if (session !== null) this.#remember(key, session);
      return session;
    } catch (error) {
      if (!isDatabaseAway(error) || remembered === undefined || remembered.expiresAt.getTime() <= Date.now())
        throw error;
      this.#remember(key, remembered);
      return remembered;
    }
  }

  /** Some were revoked. */
  clear(): void {
    this.#remembered.clear();
  }

  #remember(key: string, session: Session): void {
    this.#remembered.set(key, session);
    const [oldest] = this.#remembered.keys();
    if (this.#remembered.size > most && oldest !== undefined) this.#remembered.delete(oldest);
  }
}
