import { ApiError } from "../../kernel/errors.ts";
import { NotDone } from "./not-done.ts";
import { PlatformError } from "./platform.ts";

const usualWaitSeconds = 10;

/** What a client is told when a platform does not do what was asked. Anything else passes. */
export function asRefusal(thrown: unknown): unknown {
  if (!(thrown instanceof PlatformError)) return thrown;
  if (thrown instanceof NotDone && thrown.cause !== undefined) return thrown.cause;
  switch (thrown.kind) {
    case "unauthorized":
      return new ApiError("needs_relink", thrown.message);
    case "refused":
      return new ApiError("platform_refused", thrown.message);
    default: {
      const seconds = thrown.retryAfterMs === null ? usualWaitSeconds : Math.ceil(thrown.retryAfterMs / 1_000);
      return new ApiError("platform_unavailable", thrown.message, {
        headers: { "retry-after": String(Math.max(1, seconds)) },
      });
    }
  }
}
