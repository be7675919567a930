import { STATUS_CODES } from "node:http";
import { bearerOf, type Call, Refusal } from "../platform/call.ts";
import type { AccessToken, OAuth } from "../platform/oauth.ts";

/** Twitch's error body, the same on all its hosts. */
export function errorBody(status: number, message = ""): object {
  return { error: STATUS_CODES[status] ?? "Error", status, message };
}

export function refuse(status: number, message: string): never {
  throw new Refusal({ status, body: errorBody(status, message) });
}

/**
 * Who calls: checks the `Client-Id` and `Authorization` headers and the scope
 * as the Helix API does, each failure a 401 in Twitch's words.
 */
export function authorized(oauth: OAuth, call: Call, scope?: string): AccessToken {
  const bearer = bearerOf(call);
  if (bearer === undefined) refuse(401, "OAuth token is missing");
  const token = oauth.check(bearer);
  if (token === undefined) refuse(401, "Invalid OAuth token");
  const clientId = call.headers["client-id"];
  if (clientId === undefined) refuse(401, "Client ID is missing");
  if (clientId !== oauth.options.clientId) refuse(401, "Client ID and OAuth token do not match");
  if (scope !== undefined && !token.grant.scopes.includes(scope)) refuse(401, `Missing scope: ${scope}`);
  return token;
}

/** RFC 3339 with nanoseconds, as EventSub's timestamps are. */
export function timestamp(at = new Date()): string {
  return at.toISOString().replace("Z", "000000Z");
}
