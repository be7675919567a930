import type { Database } from "@trax/foundation/database";
import { hashOf } from "../../kernel/auth/api-key.ts";
import { ApiError } from "../../kernel/errors.ts";
import { forgetIceSession, iceSession, keepIceSession } from "./sql.ts";

/**
 * Which ICE session each WHIP or WHEP session has now, by entity tags (RFC 9725,
 * 4.3.1), so that a candidate that was overtaken by a restart of ICE is not taken
 * for one of its own, and does not restart ICE again. The router keeps none. A
 * client whose tag is not known any more restarts ICE, as with one that has passed.
 */
export class IceSessions {
  readonly #db: Database;
  readonly #underway = new Map<string, Promise<unknown>>();

  constructor(db: Database) {
    this.#db = db;
  }

  /** Keeps, and answers, the tag of what the router answers an offer or a restart with; null: it has no ICE. */
  async began(secret: string, sdp: string): Promise<string | null> {
    const [, ufrag] = /^a=ice-ufrag:([\w+/-]+)/m.exec(sdp) ?? [];
    if (ufrag === undefined) return null;
    const etag = `"${ufrag}"`;
    await keepIceSession(this.#db, hashOf(secret), etag);
    return etag;
  }

  async forget(secret: string): Promise<void> {
    await forgetIceSession(this.#db, hashOf(secret));
  }

  /** What is wrong with a PATCH's `If-Match` (RFC 9110, 13.1.1; RFC 6585, 3); null: nothing. */
  async mismatch(secret: string, ifMatch: string | null): Promise<ApiError | null> {
    if (ifMatch === null) return new ApiError("precondition_required");
    // Any; the RFC's example of a restart has it in quotes.
    if (ifMatch === "*" || ifMatch === '"*"') return null;
    const etag = await iceSession(this.#db, hashOf(secret));
    if (ifMatch.split(",").some((tag) => tag.trim() === etag)) return null;
    return new ApiError("precondition_failed", "ICE has restarted since then: restart it again.");
  }

  /** One change of a session after the other in this process: what is compared holds until it is acted upon. */
  async inTurn<T>(secret: string, change: () => Promise<T>): Promise<T> {
    const changing = (this.#underway.get(secret) ?? Promise.resolve()).then(change, change);
    this.#underway.set(secret, changing);
    try {
      return await changing;
    } finally {
      if (this.#underway.get(secret) === changing) this.#underway.delete(secret);
    }
  }
}
