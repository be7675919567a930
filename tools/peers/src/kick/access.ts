import { bearerOf, type Call, Refusal, type Reply } from "../platform/call.ts";
import type { OAuth } from "../platform/oauth.ts";
import type { AppTokens } from "./auth-routes.ts";
import type { KickState, KickUser } from "./state.ts";

/** Who calls: a user by a token with scopes, or the app by its own. */
export type Caller = { readonly user: KickUser | null; readonly scopes: readonly string[] };

const messages: Readonly<Record<number, string>> = {
  400: "Invalid request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  429: "Too Many Requests",
  500: "Internal Server Error",
  503: "Service Unavailable",
};

/** Every answer of api.kick.com has `data` and `message`. */
export function ok(data: unknown): Reply {
  return { status: 200, body: { data, message: "OK" } };
}

export function kickError(status: number, message = messages[status] ?? "Error"): Reply {
  return { status, body: { data: {}, message } };
}

/** Answers 401 to a token that is unknown, expired or revoked, 403 to one without the scope. App tokens need none. */
export function callerOf(
  call: Call,
  oauth: OAuth,
  appTokens: AppTokens,
  state: KickState,
  scope: string | null,
): Caller {
  const token = bearerOf(call);
  if (token !== undefined && appTokens.has(token)) return { user: null, scopes: [] };
  const found = oauth.check(token);
  const user = state.users.find((one) => String(one.id) === found?.grant.userId);
  if (found === undefined || user === undefined) throw new Refusal(kickError(401));
  if (scope !== null && !found.grant.scopes.includes(scope)) throw new Refusal(kickError(403));
  return { user, scopes: found.grant.scopes };
}

/** What only a user may do: 401 to an app's token. */
export function userOf(caller: Caller): KickUser {
  if (caller.user === null) throw new Refusal(kickError(401));
  return caller.user;
}
