import type { Database } from "@trax/foundation/database";
import { claimBroadcasts, heartbeat, leaseLeastMs } from "@trax/media-protocol";
import type { NodeLoad } from "@trax/media-protocol";

/** Less than a claim is good for, so that another node begins only after this one has let go. */
const fenceMs = leaseLeastMs * 0.8;

/** Which broadcasts this node may push, and for how long it may believe so. */
export class BroadcastLeases {
  readonly #db: Database;
  readonly #nodeId: string;
  readonly #load: () => NodeLoad;
  readonly #startedAt = new Date();
  #owned: ReadonlySet<string> = new Set();
  #claimedAt = Number.NEGATIVE_INFINITY;
  #nodes = 1;

  constructor(db: Database, nodeId: string, load: () => NodeLoad) {
    this.#db = db;
    this.#nodeId = nodeId;
    this.#load = load;
  }

  get owned(): ReadonlySet<string> {
    return this.#owned;
  }

  /** Tells that this node lives, and how it fares, and claims. */
  async beat(): Promise<void> {
    this.#nodes = await heartbeat(this.#db, this.#nodeId, this.#startedAt, this.#load());
    await this.claim();
  }

  /** Takes what nobody runs, and renews. */
  async claim(): Promise<void> {
    // An answer may be long under way: what it grants counts from the question.
    const askedAt = performance.now();
    this.#owned = await claimBroadcasts(this.#db, this.#nodeId);
    this.#claimedAt = askedAt;
  }

  /**
   * Lets everything go when it could not be renewed: another node will take it
   * over. Answers whether there was something to let go. A lone node keeps its
   * shows on air, since nobody else could have them.
   */
  fence(): boolean {
    if (this.#nodes <= 1 || this.#owned.size === 0 || performance.now() - this.#claimedAt < fenceMs) return false;
    this.#owned = new Set();
    return true;
  }
}
