import assert from "node:assert/strict";
import { mintKey, newAccount } from "../src/account.ts";
import type { Account } from "../src/account.ts";
import { bearer, send } from "../src/http.ts";
import type { Answer } from "../src/exchange.ts";
import { ownInstance, startInstance } from "../src/instance.ts";
import { at, textAt } from "../src/json.ts";
import { operationList } from "../src/operation-list.ts";
import { behaviour, promise } from "../src/promise.ts";
import { assertRefused } from "../src/refusal.ts";
import { neverIds, pathWith } from "../src/world.ts";

// A small bucket that hardly refills, and no network of our own that a
// destination might reach. Tests run in their order: the last ones use up what
// is this machine's.
const most = 40;
const windowSeconds = 36_000;
const instance = ownInstance(() =>
  startInstance({ TRAX_RATE_LIMIT: `${most}/${windowSeconds}`, TRAX_ALLOWED_NETWORKS: "" }),
);

let kept: Promise<Account> | undefined;
const visitor = (): Promise<Account> => (kept ??= instance().then(newAccount));

const left = (answer: Answer): number =>
  Number(/^"default";r=(\d+);t=\d+$/.exec(String(answer.headers["ratelimit"]))?.[1]);

/** Spends everything a credential has. */
async function spend(headers: object, path: string): Promise<void> {
  const { baseUrl } = await instance();
  for (let count = 0; count <= most; count++) {
    const answer = await send(baseUrl, { method: "GET", path, headers: { ...headers } });
    if (answer.status === 429) return;
  }
  assert.fail("nothing was ever limited");
}

behaviour("every answer tells the limit, what is left of it, and when it is whole again", async () => {
  const account = await visitor();
  const key = await mintKey(account.instance, account.session);
  const ask = (path: string) => send(account.instance.baseUrl, { method: "GET", path, headers: bearer(key) });
  const first = await ask("/v1/me");
  assert.equal(first.headers["ratelimit-policy"], `"default";q=${most};w=${windowSeconds}`);
  assert.equal(left(first), most - 1);
  assert.deepEqual(at(first.json, "limits"), { requests: most, windowSeconds });
  assert.equal(left(await ask("/v1/nothing")), most - 2, "refusals count");
  assert.equal(left(await ask("/v1/studios")), most - 3);
});

behaviour("the limit is a credential's: another key of the same account has its own", async () => {
  const account = await visitor();
  const [one, other] = [
    await mintKey(account.instance, account.session),
    await mintKey(account.instance, account.session),
  ];
  await spend(bearer(one), "/v1/me");
  const me = { method: "GET", path: "/v1/me" };
  assertRefused(await send(account.instance.baseUrl, { ...me, headers: bearer(one) }), "rate_limited");
  assertRefused(await send(account.instance.baseUrl, { ...me, headers: { "x-api-key": one } }), "rate_limited");
  assert.equal((await send(account.instance.baseUrl, { ...me, headers: bearer(other) })).status, 200);
});

behaviour("destinations reach nothing of our own, loopback included, unless the operator lists it", async () => {
  const account = await visitor();
  const studio = textAt((await account.ask("POST", "/v1/studios", { name: "Show" })).json, "id");
  const hosts = [
    "127.0.0.1",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "localhost",
    "localhost.",
    "[::1]",
    "[::ffff:127.0.0.1]",
    "[64:ff9b::7f00:1]",
  ];
  for (const host of hosts) {
    const json = { name: "Out", url: `rtmp://${host}:1935/app` };
    assertRefused(await account.ask("POST", `/v1/studios/${studio}/destinations`, json), "destination_refused", host);
  }
});

let spentKey: Promise<string> | undefined;
async function spent(account: Account): Promise<string> {
  spentKey ??= mintKey(account.instance, account.session, { scopes: ["chat:read"] }).then(async (key) => {
    await spend(bearer(key), "/v1/me");
    return key;
  });
  return spentKey;
}

for (const operation of operationList.filter(({ auth }) => auth === "credential")) {
  promise(operation.name, "rate_limited", "before the scope, the body and the id are looked at", async () => {
    const account = await visitor();
    const path = pathWith(operation, neverIds(operation));
    const headers = bearer(await spent(account));
    const { baseUrl } = account.instance;
    assertRefused(await send(baseUrl, { method: operation.method, path, headers }), "rate_limited");
    const body = { ...headers, "content-type": "text/plain" };
    assertRefused(await send(baseUrl, { method: operation.method, path, headers: body, body: "{" }), "rate_limited");
  });
}

behaviour("the limit comes before the route, and after the credential", async () => {
  const account = await visitor();
  const headers = bearer(await spent(account));
  const { baseUrl } = account.instance;
  assertRefused(await send(baseUrl, { method: "GET", path: "/v1/nothing", headers }), "rate_limited");
  assertRefused(await send(baseUrl, { method: "PUT", path: "/v1/me", headers }), "rate_limited");
  const bad = { ...headers, "x-api-key": "nonsense" };
  assertRefused(await send(baseUrl, { method: "GET", path: "/v1/me", headers: bad }), "unauthenticated");
});

for (const operation of operationList.filter(({ auth }) => auth === "session")) {
  promise(operation.name, "rate_limited", "a session has a bucket of its own", async () => {
    const account = await visitor();
    await spend(account.session, "/account/keys");
    const path = pathWith(operation, neverIds(operation));
    const ask = { method: operation.method, path, headers: account.session };
    assertRefused(await send(account.instance.baseUrl, ask), "rate_limited");
  });
}

for (const operation of operationList.filter(({ auth }) => auth === "public")) {
  promise(operation.name, "rate_limited", "who sends no credential is counted by address", async () => {
    const account = await visitor();
    await spend({}, "/v1/health");
    const answer = await send(account.instance.baseUrl, { method: operation.method, path: operation.path });
    assertRefused(answer, "rate_limited");
  });
}

behaviour("guessing credentials is limited by address too, and does not hinder who has one", async () => {
  const account = await visitor();
  await spend({}, "/v1/health");
  const guess = { method: "GET", path: "/v1/me", headers: bearer("sk_live_nonsense") };
  assertRefused(await send(account.instance.baseUrl, guess), "rate_limited");
  const me = await send(account.instance.baseUrl, { method: "GET", path: "/v1/me", headers: bearer(account.key) });
  assert.equal(me.status, 200, me.text);
});
