import assert from "node:assert/strict";
import { waitFor } from "@trax/peers";
import { admin } from "../src/admin.ts";
import { newEmail } from "../src/account.ts";
import type { Account } from "../src/account.ts";
import { bearer, send } from "../src/http.ts";
import type { Answer } from "../src/exchange.ts";
import { sharedInstance } from "../src/instance.ts";
import type { Instance } from "../src/instance.ts";
import { at, listAt, objectAt, textAt } from "../src/json.ts";
import { behaviour, promise } from "../src/promise.ts";
import { assertRefused } from "../src/refusal.ts";
import { freshAccount } from "../src/shared-account.ts";

// The life of an API key: minted, used, limited, rotated, revoked.

type Minted = { readonly id: string; readonly secret: string; readonly json: unknown };

async function mint(account: Account, wish: object): Promise<Minted> {
  const answer = await account.askAsUser("POST", "/account/keys", { name: "deck", scopes: ["studios:read"], ...wish });
  assert.equal(answer.status, 201, answer.text);
  return { id: textAt(answer.json, "id"), secret: textAt(answer.json, "secret"), json: answer.json };
}

async function use(instance: Instance, secret: string, path = "/v1/me"): Promise<Answer> {
  return send(instance.baseUrl, { method: "GET", path, headers: bearer(secret) });
}

async function listed(account: Account, id: string): Promise<unknown> {
  const list = await account.askAsUser("GET", "/account/keys?limit=100");
  return listAt(list.json, "data").find((key) => at(key, "id") === id);
}

promise("createKey", "happy", "shown this once; afterwards what tells it apart", async () => {
  const account = await freshAccount();
  const key = await mint(account, { scopes: ["studios:read", "chat:read", "studios:read"] });
  assert.match(key.secret, /^sk_live_[0-9A-Za-z]{49}$/);
  assert.deepEqual(at(key.json, "scopes"), ["studios:read", "chat:read"]);
  const { secret: _, ...shown } = objectAt(key.json);
  assert.deepEqual(await listed(account, key.id), shown);
  assert.ok(key.secret.startsWith(textAt(shown, "prefix")) && key.secret.endsWith(textAt(shown, "lastFour")));
  assert.ok(textAt(shown, "prefix").length + 4 < 20, "what is shown is not much of it");
});

promise("listKeys", "happy", "every key of the account, the newest first, without secrets", async () => {
  const account = await freshAccount();
  const [older, newer] = [await mint(account, {}), await mint(account, {})];
  const list = await account.askAsUser("GET", "/account/keys");
  const ids = listAt(list.json, "data").map((key) => at(key, "id"));
  assert.deepEqual(ids.slice(0, 2), [newer.id, older.id]);
  assert.ok(!list.text.includes("secret") && !list.text.includes(newer.secret));
});

behaviour("when a key was last used is told", async () => {
  const account = await freshAccount();
  const key = await mint(account, {});
  assert.equal(at(await listed(account, key.id), "lastUsedAt"), null);
  await use(account.instance, key.secret);
  await waitFor("lastUsedAt", async () => at(await listed(account, key.id), "lastUsedAt") !== null, 90_000);
});

promise("createKey", "invalid_request", "scopes and networks that are none", async () => {
  const account = await freshAccount();
  const wrong = [
    { scopes: [] },
    { scopes: ["everything"] },
    { scopes: "studios:read" },
    { allowedNetworks: ["300.0.0.0/8"] },
    { allowedNetworks: ["example.com"] },
    { allowedNetworks: ["10.0.0.0/33"] },
    { expiresInSeconds: 0 },
    { expiresInSeconds: 1.5 },
  ];
  for (const wish of wrong) {
    const json = { name: "deck", scopes: ["studios:read"], ...wish };
    assertRefused(await account.askAsUser("POST", "/account/keys", json), "invalid_request", JSON.stringify(wish));
  }
});

behaviour("a key that expires is dead then", async () => {
  const account = await freshAccount();
  const key = await mint(account, { expiresInSeconds: 2 });
  assert.equal((await use(account.instance, key.secret)).status, 200);
  const end = Date.parse(textAt(key.json, "expiresAt"));
  await waitFor("the key is refused", async () => (await use(account.instance, key.secret)).status === 401, 10_000);
  assert.ok(Date.now() >= end, "not before its time");
  assert.ok(Date.now() < end + 1_500, "within a second of it");
});

behaviour("a key that is limited to networks works from those", async () => {
  const account = await freshAccount();
  const here = await mint(account, { allowedNetworks: ["203.0.113.0/24", "127.0.0.0/8", "::1/128"] });
  assert.equal((await use(account.instance, here.secret)).status, 200);
  const elsewhere = await mint(account, { allowedNetworks: ["203.0.113.0/24"] });
  for (const forwarded of [{}, { "x-forwarded-for": "203.0.113.7" }, { forwarded: "for=203.0.113.7" }]) {
    const headers = { ...bearer(elsewhere.secret), ...forwarded };
    assertRefused(await send(account.instance.baseUrl, { method: "GET", path: "/v1/me", headers }), "ip_not_allowed");
  }
});

promise("rotateKey", "happy", "a new one like it; the old one works for the overlap", async () => {
  const account = await freshAccount();
  const old = await mint(account, { allowedNetworks: ["127.0.0.0/8"] });
  const answer = await account.askAsUser("POST", `/account/keys/${old.id}/rotate`, { overlapSeconds: 2 });
  assert.equal(answer.status, 201, answer.text);
  const secret = textAt(answer.json, "secret");
  assert.notEqual(secret, old.secret);
  for (const field of ["name", "scopes", "allowedNetworks"])
    assert.deepEqual(at(answer.json, field), at(old.json, field));
  for (const key of [old.secret, secret]) assert.equal((await use(account.instance, key)).status, 200);
  await waitFor("the old key is dead", async () => (await use(account.instance, old.secret)).status === 401, 10_000);
  assert.equal((await use(account.instance, secret)).status, 200);
});

promise("rotateKey", "happy", "no overlap: the old one is dead at once", async () => {
  const account = await freshAccount();
  const old = await mint(account, {});
  assert.equal((await use(account.instance, old.secret)).status, 200);
  const answer = await account.askAsUser("POST", `/account/keys/${old.id}/rotate`, { overlapSeconds: 0 });
  assert.equal(answer.status, 201, answer.text);
  await waitFor("the old key is dead", async () => (await use(account.instance, old.secret)).status === 401, 1_000);
});

promise("rotateKey", "conflict", "one that is revoked, or was rotated before", async () => {
  const account = await freshAccount();
  const [revoked, rotated] = [await mint(account, {}), await mint(account, {})];
  await account.askAsUser("DELETE", `/account/keys/${revoked.id}`);
  assertRefused(await account.askAsUser("POST", `/account/keys/${revoked.id}/rotate`), "conflict");
  assert.equal((await account.askAsUser("POST", `/account/keys/${rotated.id}/rotate`)).status, 201);
  assertRefused(await account.askAsUser("POST", `/account/keys/${rotated.id}/rotate`), "conflict", "twice");
});

promise("revokeKey", "happy", "dead everywhere within a second; twice is once", async () => {
  const account = await freshAccount();
  const key = await mint(account, {});
  // In use, so that its answer is at hand wherever answers are kept.
  for (let use_ = 0; use_ < 5; use_++) assert.equal((await use(account.instance, key.secret)).status, 200);
  assert.equal((await account.askAsUser("DELETE", `/account/keys/${key.id}`)).status, 204);
  await waitFor("the key is refused", async () => (await use(account.instance, key.secret)).status === 401, 1_000);
  assert.notEqual(at(await listed(account, key.id), "revokedAt"), null, "it is still listed, as revoked");
  assert.equal((await account.askAsUser("DELETE", `/account/keys/${key.id}`)).status, 204);
});

behaviour("a key does what its scopes say and no more, whatever its owner may", async () => {
  const account = await freshAccount();
  const key = await mint(account, { scopes: ["sources:read"] });
  const id = textAt((await account.ask("POST", "/v1/studios", { name: "Show" })).json, "id");
  assert.equal((await use(account.instance, key.secret, `/v1/studios/${id}/sources`)).status, 200);
  for (const path of ["/v1/studios", `/v1/studios/${id}`, `/v1/studios/${id}/destinations`]) {
    assertRefused(await use(account.instance, key.secret, path), "insufficient_scope", path);
  }
});

behaviour("the operator's commands: an account, keys with scopes, expiry and networks, and their end", async () => {
  const instance = await sharedInstance();
  const email = newEmail();
  await admin(instance, "create-account", "--email", email, "--name", "Ops");
  const all = await admin(instance, "create-key", "--email", email, "--name", "all", "--scopes", "all");
  const some = await admin(
    instance,
    "create-key",
    `--email=${email}`,
    "--name=some",
    "--scopes=studios:read,stream:read",
    "--expires-in=15m",
    "--allow=127.0.0.0/8,::1/128",
  );
  const [allMe, someMe] = [await use(instance, textAt(all, "secret")), await use(instance, textAt(some, "secret"))];
  assert.equal(at(allMe.json, "account", "name"), "Ops");
  assert.equal(at(allMe.json, "account", "id"), at(someMe.json, "account", "id"));
  assert.ok(listAt(allMe.json, "scopes").length > 10);
  assert.deepEqual(at(someMe.json, "scopes"), ["studios:read", "stream:read"]);
  const life = Date.parse(textAt(someMe.json, "expiresAt")) - Date.now();
  assert.ok(life > 800_000 && life <= 900_000, "15 minutes");
  await admin(instance, "revoke-key", "--id", textAt(some, "id"));
  await waitFor("the key is refused", async () => (await use(instance, textAt(some, "secret"))).status === 401, 1_000);
  assert.equal((await use(instance, textAt(all, "secret"))).status, 200);
});
