import { LRUCache } from "lru-cache";
import { ApiError } from "../../kernel/errors.ts";

/** One that was forgotten, here or with this process, is known again from its restart on. */
const mostKept = 10_000;

/**
 * Which ICE session each WHIP or WHEP session has now, by entity tags (RFC 9725,
 * 4.3.1), so that a candidate that was overtaken by a restart of ICE is not taken
 * for one of its own, and does not restart ICE again. The router keeps none.
 * In memory: a client whose tag is not known here restarts ICE, as with one that
 * has passed.
 */
export class IceSessions {
  readonly #etags = new LRUCache<string, string>({ max: mostKept });
  readonly #underway = new Map<string, Promise<unknown>>();

  /** Keeps, and answers, the tag of what the router answers an offer or a restart with; null: it has no ICE. */
  began(secret: string, sdp: string): string | null {
    const [, ufrag] = /^a=ice-ufrag:([\w+/-]+)/m.exec(sdp) ?? [];
    if (ufrag === undefined) return null;
    const etag = `"${ufrag}"`;
    this.#etags.set(secret, etag);
    return etag;
  }

  ended(secret: string): void {
    this.#etags.delete(secret);
  }

  /** What is wrong with a PATCH's `If-Match` (RFC 9110, 13.1.1; RFC 6585, 3); null: nothing. */
  mismatch(secret: string, ifMatch: string | null): ApiError | null {
    if (ifMatch === null) return new ApiError("precondition_required");
    // Any; the RFC's example of a restart has it in quotes.
    if (ifMatch === "*" || ifMatch === '"*"') return null;
    const etag = this.#etags.get(secret);
    const isNow = etag !== undefined && ifMatch.split(",").some((tag) => tag.trim() === etag);
    return isNow ? null : new ApiError("precondition_failed", "ICE has restarted since then: restart it again.");
  }

  /** One change of a session after the other: what is compared holds until it is acted upon. */
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
