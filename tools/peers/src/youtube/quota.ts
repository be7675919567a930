import type { Call } from "../platform/call.ts";
import { refuse } from "./answers.ts";

/**
 * Units a call costs, by Google's table (YouTube Data API, Quota Calculator):
 * reading 1, writing 50, a page of chat 5. The table does not name
 * `liveChat/messages/stream`; it is counted as one page for each connection.
 */
function costOf(call: Call): number {
  if (call.method !== "GET") return 50;
  return call.path.includes("/liveChat/messages") ? 5 : 1;
}

export type Quota = {
  readonly limit: number;
  readonly used: () => number;
  /** Counts the call, refused or not, as Google does; 403 `quotaExceeded` past the day's limit. */
  readonly charge: (call: Call) => void;
  /** As if this much of the day's units were used; all unless given. */
  readonly setUsed: (units?: number) => void;
};

export function makeQuota(limit: number): Quota {
  let used = 0;
  return {
    limit,
    used: () => used,
    charge: (call) => {
      if (used >= limit)
        refuse(
          403,
          "quotaExceeded",
          'The request cannot be completed because you have exceeded your <a href="/youtube/v3/getting-started#quota">quota</a>.',
        );
      used += costOf(call);
    },
    setUsed: (units = limit) => {
      used = units;
    },
  };
}
