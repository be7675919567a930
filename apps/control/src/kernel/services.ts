import type { Config } from "@trax/foundation/config";
import type { Database } from "@trax/foundation/database";
import type { Logger } from "@trax/foundation/log";
import type { Vault } from "@trax/foundation/vault";
import type { EventFeed } from "./event-feed.ts";
import type { Cursors } from "./pagination.ts";
import type { RateLimiter } from "./rate-limit.ts";

/** What the composition root makes once and slices are given. A slice names the few it needs: `Pick<Services, "cursors">`. */
export type Services = {
  readonly config: Config;
  readonly database: Database;
  readonly vault: Vault;
  readonly cursors: Cursors;
  readonly eventFeed: EventFeed;
  readonly limiter: RateLimiter;
  readonly log: Logger;
};
