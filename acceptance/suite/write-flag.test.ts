import assert from "node:assert/strict";
import { mintKey, newAccount } from "../src/account.ts";
import type { Account } from "../src/account.ts";
import { bearer, send } from "../src/http.ts";
import { ownInstance, startInstance } from "../src/instance.ts";
import type { Instance } from "../src/instance.ts";
import { at } from "../src/json.ts";
import { operationList } from "../src/operation-list.ts";
import { behaviour, promise } from "../src/promise.ts";
import { assertRefused } from "../src/refusal.ts";
import { credentialFor } from "../src/shared-account.ts";
import { neverIds, pathWith } from "../src/world.ts";

// An account made while writes were on, and its instance after the operator has
// switched them off. The variable is then set to nothing: whatever is set beats
// what `up` would set.

type Visit = { readonly instance: Instance; readonly account: Account; readonly readKey: string };
let visiting: Promise<Visit> | undefined;

const instance = ownInstance(async () => {
  const before = await startInstance();
  const account = await newAccount(before);
  const readKey = await mintKey(before, account.session, { scopes: ["studios:read"] });
  const after = await before.restart({ PUBLIC_API_WRITE_ENABLED: "" });
  visiting = Promise.resolve({ instance: after, account, readKey });
  return after;
});

async function visit(): Promise<Visit> {
  await instance();
  assert.ok(visiting !== undefined);
  return visiting;
}

for (const operation of operationList.filter(({ isWrite }) => isWrite)) {
  const { name, method } = operation;
  const path = pathWith(operation, neverIds(operation));
  promise(name, "write_disabled", "whatever is asked, right or wrong", async () => {
    const { instance: running, account } = await visit();
    const headers = credentialFor(operation, account);
    assertRefused(await send(running.baseUrl, { method, path, headers }), "write_disabled", "no body");
    assertRefused(
      await send(running.baseUrl, { method, path, headers, json: { name: 1 } }),
      "write_disabled",
      "a bad one",
    );
    const text = { ...headers, "content-type": "text/plain" };
    assertRefused(
      await send(running.baseUrl, { method, path, headers: text, body: "x" }),
      "write_disabled",
      "not JSON",
    );
  });
}

behaviour("with writes off, reads and signing in go on", async () => {
  const { instance: running, account } = await visit();
  const health = await send(running.baseUrl, { method: "GET", path: "/v1/health" });
  assert.deepEqual(health.json, { status: "ok", writeEnabled: false });
  for (const path of ["/v1/me", "/v1/studios"]) {
    assert.equal(
      (await send(running.baseUrl, { method: "GET", path, headers: bearer(account.key) })).status,
      200,
      path,
    );
  }
  const json = { email: account.email, password: account.password };
  assert.equal((await send(running.baseUrl, { method: "POST", path: "/account/sign-in", json })).status, 200);
});

behaviour("the scope is asked for before the write flag", async () => {
  const { instance: running, readKey } = await visit();
  const answer = await send(running.baseUrl, {
    method: "POST",
    path: "/v1/studios",
    headers: bearer(readKey),
    json: {},
  });
  assertRefused(answer, "insufficient_scope");
  assert.equal(at(answer.json, "error", "requiredScope"), "studios:write");
});
