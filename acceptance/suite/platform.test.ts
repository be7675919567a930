import assert from "node:assert/strict";
import { scopes } from "@trax/contract";
import { mintKey } from "../src/account.ts";
import { bearer, send } from "../src/http.ts";
import { sharedInstance } from "../src/instance.ts";
import { at, listAt } from "../src/json.ts";
import { openApi } from "../src/open-api.ts";
import { behaviour, promise } from "../src/promise.ts";
import { assertRefused } from "../src/refusal.ts";
import { freshAccount } from "../src/shared-account.ts";

promise("getHealth", "happy", "without a credential", async () => {
  const { baseUrl } = await sharedInstance();
  const { json, status } = await send(baseUrl, { method: "GET", path: "/v1/health" });
  assert.deepEqual([status, json], [200, { status: "ok", writeEnabled: true }]);
});

promise("getOpenApi", "happy", "the committed document", async () => {
  const { baseUrl } = await sharedInstance();
  const { json, headers } = await send(baseUrl, { method: "GET", path: "/v1/openapi.json" });
  assert.match(headers["content-type"] ?? "", /json/);
  assert.deepEqual(json, openApi);
});

promise("getMe", "happy", "a key, and a signed-in browser", async () => {
  const account = await freshAccount();
  const key = await mintKey(account.instance, account.session, {
    name: "deck",
    scopes: ["chat:read"],
    expiresInSeconds: 600,
  });
  const asKey = await send(account.instance.baseUrl, { method: "GET", path: "/v1/me", headers: bearer(key) });
  assert.deepEqual(
    [at(asKey.json, "account", "id"), at(asKey.json, "kind"), at(asKey.json, "name"), at(asKey.json, "scopes")],
    [account.id, "api_key", "deck", ["chat:read"]],
  );
  assert.match(String(at(asKey.json, "keyId")), /^key_/);
  assert.ok(Date.parse(String(at(asKey.json, "expiresAt"))) > Date.now());
  const asUser = await account.askAsUser("GET", "/v1/me");
  assert.deepEqual([at(asUser.json, "kind"), at(asUser.json, "keyId")], ["session", null]);
  assert.deepEqual(listAt(asUser.json, "scopes").toSorted(), scopes.toSorted());
  assert.ok(!asKey.text.includes(key), "the key is not repeated");
});

behaviour("X-Api-Key is as good as a Bearer, and so is the cookie", async () => {
  const account = await freshAccount();
  for (const headers of [
    { "x-api-key": account.key },
    bearer(account.key),
    { authorization: `bearer ${account.key}` },
    account.session,
  ]) {
    const answer = await send(account.instance.baseUrl, { method: "GET", path: "/v1/studios", headers });
    assert.equal(answer.status, 200, answer.text);
  }
});

behaviour("a sane X-Request-Id is kept, another is replaced", async () => {
  const account = await freshAccount();
  const sane = await account.ask("GET", "/v1/me", undefined, { "x-request-id": "my-own.id_1" });
  assert.equal(sane.headers["x-request-id"], "my-own.id_1");
  for (const id of ["", "with space", "x".repeat(101), "<script>", 'a"b']) {
    const answer = await account.ask("GET", "/v1/nothing", undefined, { "x-request-id": id });
    assert.notEqual(answer.headers["x-request-id"], id);
    assertRefused(answer, "not_found");
  }
  const [one, other] = [await account.ask("GET", "/v1/me"), await account.ask("GET", "/v1/me")];
  assert.notEqual(one.headers["x-request-id"], other.headers["x-request-id"]);
});

behaviour("an unknown route is 404 for who may ask, and 401 for who may not", async () => {
  const account = await freshAccount();
  const { baseUrl } = account.instance;
  for (const path of [
    "/v1/nothing",
    "/v1",
    "/v1/",
    "/v1/studios/",
    "/nothing",
    "/v2/studios",
    "/V1/STUDIOS",
    "/v1/studios/../studios",
  ]) {
    assertRefused(await send(baseUrl, { method: "GET", path }), "unauthenticated", path);
    assertRefused(await account.ask("GET", path), "not_found", path);
  }
});

behaviour("answers are not to be kept by anyone on the way", async () => {
  const account = await freshAccount();
  assert.equal((await account.ask("GET", "/v1/me")).headers["cache-control"], "no-store");
});
