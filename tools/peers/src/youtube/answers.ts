import { randomBytes } from "node:crypto";
import { bearerOf, type Call, Refusal, type Reply } from "../platform/call.ts";
import type { AccessToken, OAuth } from "../platform/oauth.ts";

/** Google's error body (YouTube Data API, Errors): `reason` is what tells errors apart. */
export function errorBody(status: number, reason: string, message: string): object {
  const domain = reason === "quotaExceeded" ? "youtube.quota" : (domains[reason] ?? "global");
  return { error: { code: status, message, errors: [{ message, domain, reason }] } };
}

const domains: Readonly<Record<string, string>> = {
  liveChatEnded: "youtube.liveChat",
  liveChatDisabled: "youtube.liveChat",
  liveChatNotFound: "youtube.liveChat",
  rateLimitExceeded: "youtube.liveChat",
  liveBroadcastNotFound: "youtube.liveBroadcast",
  liveStreamNotFound: "youtube.liveBroadcast",
  liveBroadcastBindingNotAllowed: "youtube.liveBroadcast",
  errorStreamInactive: "youtube.liveBroadcast",
  invalidTransition: "youtube.liveBroadcast",
  redundantTransition: "youtube.liveBroadcast",
};

export function refuse(status: number, reason: string, message: string): never {
  throw new Refusal({ status, body: errorBody(status, reason, message) });
}

/** What the API says for a status by itself, where nothing more is known. */
export function plainErrorBody(status: number): object {
  const [reason, message] = plain[status] ?? ["backendError", "Backend Error"];
  return errorBody(status, reason, message);
}

const plain: Readonly<Record<number, readonly [string, string]>> = {
  401: ["authError", "Invalid Credentials"],
  403: ["forbidden", "Forbidden"],
  404: ["notFound", "Not Found"],
  429: ["rateLimitExceeded", "Resource has been exhausted (e.g. check quota)."],
};

const writing = ["youtube", "youtube.force-ssl"].map((name) => `https://www.googleapis.com/auth/${name}`);
const reading = [...writing, "https://www.googleapis.com/auth/youtube.readonly"];

/** Who calls, with the call counted against the quota. */
export type Admit = (call: Call) => AccessToken;

/** Who calls: the Bearer token, and one of the scopes that the method takes. */
export function authorized(oauth: OAuth, call: Call): AccessToken {
  const token = oauth.check(bearerOf(call) ?? call.query.get("access_token") ?? undefined);
  if (token === undefined) refuse(401, "authError", "Invalid Credentials");
  const accepted = call.method === "GET" ? reading : writing;
  if (!token.grant.scopes.some((scope) => accepted.includes(scope)))
    refuse(403, "insufficientPermissions", "Request had insufficient authentication scopes.");
  return token;
}

/** `id`, `kind`, `etag`, and those parts that the call asks for; repeated and comma-separated both count. */
export function resource(call: Call, kind: string, id: string, parts: Readonly<Record<string, object>>): object {
  const asked = partsOf(call);
  return {
    kind: `youtube#${kind}`,
    etag: randomBytes(15).toString("base64url"),
    id,
    ...Object.fromEntries(Object.entries(parts).filter(([name]) => asked.has(name))),
  };
}

export function partsOf(call: Call): Set<string> {
  const asked = call.query.getAll("part").flatMap((part) => part.split(","));
  if (asked.length === 0) refuse(400, "missingRequiredParameter", "No part selected: the part parameter is required");
  return new Set(asked);
}

export function list(kind: string, items: readonly object[]): Reply {
  return listed(kind, items, items.length, 50, {});
}

/** The page of these that the call asks for: 5 unless it says how many, and never more than 50. */
export function page(call: Call, kind: string, items: readonly object[]): Reply {
  const asked = Number(call.query.get("maxResults") ?? "5");
  const size = Number.isInteger(asked) && asked > 0 ? Math.min(50, asked) : 5;
  const from = Number(/^P(\d+)$/.exec(call.query.get("pageToken") ?? "")?.[1] ?? "0");
  const next = items.length > from + size ? { nextPageToken: `P${from + size}` } : {};
  return listed(kind, items.slice(from, from + size), items.length, size, next);
}

function listed(
  kind: string,
  items: readonly object[],
  totalResults: number,
  resultsPerPage: number,
  next: { readonly nextPageToken?: string },
): Reply {
  return {
    status: 200,
    body: {
      kind: `youtube#${kind}ListResponse`,
      etag: randomBytes(15).toString("base64url"),
      ...next,
      pageInfo: { totalResults, resultsPerPage },
      items,
    },
  };
}
