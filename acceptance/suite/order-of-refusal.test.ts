import type { ErrorCode } from "@trax/contract";
import type { OutgoingHttpHeaders } from "node:http";
import { mintKey } from "../src/account.ts";
import type { Account } from "../src/account.ts";
import { bearer, send } from "../src/http.ts";
import type { Ask } from "../src/exchange.ts";
import { textAt } from "../src/json.ts";
import { behaviour } from "../src/promise.ts";
import { assertRefused } from "../src/refusal.ts";
import { freshAccount } from "../src/shared-account.ts";
import { closedAddress, neverId } from "../src/world.ts";

// A request that is wrong in several ways is refused for the first of them:
// credential, rate limit, route, scope, write flag, body, resource, state. (The
// rate limit and the write flag are in suites that have such instances.)

type Setting = {
  readonly account: Account;
  readonly weakKey: string;
  readonly liveStudio: string;
  readonly theirLive: string;
};
type Case = readonly [why: string, expected: ErrorCode, ask: (setting: Setting) => Ask];

const none: OutgoingHttpHeaders = {};
const bad = bearer("sk_live_nonsense");
const never = `/v1/studios/${neverId("studios")}`;
const broken = { headers: { "content-type": "application/json" }, body: "{" };

function by(key: string | OutgoingHttpHeaders, ask: Ask): Ask {
  const headers = typeof key === "string" ? bearer(key) : key;
  return { ...ask, headers: { ...ask.headers, ...headers } };
}

const cases: readonly Case[] = [
  ["no credential, unknown route", "unauthenticated", () => by(none, { method: "GET", path: "/v1/nothing" })],
  ["no credential, wrong method", "unauthenticated", () => by(none, { method: "PUT", path: "/v1/studios" })],
  ["no credential, broken body", "unauthenticated", () => by(none, { method: "POST", path: "/v1/studios", ...broken })],
  ["no credential, nobody's id", "unauthenticated", () => by(none, { method: "GET", path: never })],
  ["bad credential, unknown route", "unauthenticated", () => by(bad, { method: "GET", path: "/v1/nothing" })],
  [
    "bad credential, too large",
    "unauthenticated",
    () => by(bad, { method: "POST", path: "/v1/studios", json: { name: "x".repeat(2_000_000) } }),
  ],
  ["bad credential on a public route", "unauthenticated", () => by(bad, { method: "GET", path: "/v1/health" })],
  [
    "unknown route, no scope",
    "not_found",
    ({ weakKey }) => by(weakKey, { method: "POST", path: "/v1/nothing", ...broken }),
  ],
  [
    "wrong method, no scope",
    "method_not_allowed",
    ({ weakKey }) => by(weakKey, { method: "PUT", path: "/v1/studios", ...broken }),
  ],
  [
    "no scope, broken body",
    "insufficient_scope",
    ({ weakKey }) => by(weakKey, { method: "POST", path: "/v1/studios", ...broken }),
  ],
  [
    "no scope, wrong type",
    "insufficient_scope",
    ({ weakKey }) =>
      by(weakKey, { method: "POST", path: "/v1/studios", headers: { "content-type": "text/plain" }, body: "x" }),
  ],
  [
    "no scope, too large",
    "insufficient_scope",
    ({ weakKey }) => by(weakKey, { method: "POST", path: "/v1/studios", json: { name: "x".repeat(2_000_000) } }),
  ],
  ["no scope, nobody's id", "insufficient_scope", ({ weakKey }) => by(weakKey, { method: "GET", path: never })],
  [
    "no scope, malformed id",
    "insufficient_scope",
    ({ weakKey }) => by(weakKey, { method: "GET", path: "/v1/studios/x" }),
  ],
  [
    "no scope, live",
    "insufficient_scope",
    ({ weakKey, liveStudio }) => by(weakKey, { method: "DELETE", path: liveStudio }),
  ],
  [
    "wrong type, nobody's id",
    "unsupported_media_type",
    ({ account }) =>
      by(account.key, { method: "PATCH", path: never, headers: { "content-type": "text/plain" }, body: "x" }),
  ],
  [
    "too large, nobody's id",
    "payload_too_large",
    ({ account }) => by(account.key, { method: "PATCH", path: never, json: { name: "x".repeat(2_000_000) } }),
  ],
  [
    "broken body, nobody's id",
    "invalid_request",
    ({ account }) => by(account.key, { method: "PATCH", path: never, ...broken }),
  ],
  [
    "unknown field, nobody's id",
    "invalid_request",
    ({ account }) => by(account.key, { method: "PATCH", path: never, json: { x: 1 } }),
  ],
  [
    "unknown field, malformed id",
    "invalid_request",
    ({ account }) => by(account.key, { method: "PATCH", path: "/v1/studios/x", json: { x: 1 } }),
  ],
  [
    "unknown query, nobody's id",
    "invalid_request",
    ({ account }) => by(account.key, { method: "GET", path: `${never}?x=1` }),
  ],
  [
    "a bad cursor, nobody's id",
    "invalid_cursor",
    ({ account }) => by(account.key, { method: "GET", path: `${never}/sources?cursor=x` }),
  ],
  [
    "unknown field, live",
    "invalid_request",
    ({ account, liveStudio }) => by(account.key, { method: "DELETE", path: `${liveStudio}?x=1` }),
  ],
  ["another's, live", "not_found", ({ account, theirLive }) => by(account.key, { method: "DELETE", path: theirLive })],
  ["mine, live", "studio_live", ({ account, liveStudio }) => by(account.key, { method: "DELETE", path: liveStudio })],
];

async function goLive(account: Account): Promise<string> {
  const studio = { name: "Show", program: { mode: "passthrough" } };
  const path = `/v1/studios/${textAt((await account.ask("POST", "/v1/studios", studio)).json, "id")}`;
  await account.ask("POST", `${path}/destinations`, { name: "Out", url: closedAddress });
  await account.ask("POST", `${path}/go-live`);
  return path;
}

behaviour("a request that is wrong in several ways is refused for the first of them", async (context) => {
  const [account, other] = [await freshAccount(), await freshAccount()];
  const weakKey = await mintKey(account.instance, account.session, { scopes: ["chat:read"] });
  const setting = { account, weakKey, liveStudio: await goLive(account), theirLive: await goLive(other) };
  for (const [why, expected, ask] of cases) {
    await context.test(why, async () => {
      assertRefused(await send(account.instance.baseUrl, ask(setting)), expected, why);
    });
  }
  await account.ask("POST", `${setting.liveStudio}/go-offline`);
  await other.ask("POST", `${setting.theirLive}/go-offline`);
});
