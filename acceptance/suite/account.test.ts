import assert from "node:assert/strict";
import { scopes } from "@trax/contract";
import { waitFor } from "@trax/peers";
import { cookieOf, newEmail, newPassword } from "../src/account.ts";
import { bearer, send } from "../src/http.ts";
import { sharedInstance } from "../src/instance.ts";
import { at, listAt, textAt } from "../src/json.ts";
import { behaviour, promise } from "../src/promise.ts";
import { assertRefused } from "../src/refusal.ts";
import { freshAccount } from "../src/shared-account.ts";

async function post(path: string, json: object, headers = {}) {
  return send((await sharedInstance()).baseUrl, { method: "POST", path, json, headers });
}

promise("signUp", "happy", "an owner with every scope, signed in by a cookie that only this host sees", async () => {
  const [email, password] = [newEmail(), newPassword()];
  const answer = await post("/account/sign-up", { email, password, name: " Ada " });
  assert.equal(answer.status, 201, answer.text);
  assert.deepEqual(
    [at(answer.json, "account", "name"), at(answer.json, "user", "email"), at(answer.json, "role")],
    ["Ada", email, "owner"],
  );
  assert.deepEqual(listAt(answer.json, "scopes").toSorted(), scopes.toSorted());
  const cookie = answer.headers["set-cookie"]?.[0] ?? "";
  assert.match(cookie, /^__Host-[\w-]+=[\w-]{43};/);
  for (const attribute of ["Path=/", "HttpOnly", "Secure"]) assert.ok(cookie.includes(attribute), attribute);
  assert.match(cookie, /SameSite=(Lax|Strict)/);
  assert.doesNotMatch(cookie, /Domain=/i);
  assert.ok(!answer.text.includes(password));
});

promise("signUp", "email_taken", "whatever its case", async () => {
  const account = await freshAccount();
  for (const email of [account.email, account.email.toUpperCase()]) {
    assertRefused(
      await post("/account/sign-up", { email, password: newPassword(), name: "Eve" }),
      "email_taken",
      email,
    );
  }
});

promise("signUp", "invalid_request", "addresses that are none, and passwords that are too short", async () => {
  const [email, password, name] = [newEmail(), newPassword(), "Ada"];
  const wrong = [
    { email: "nobody", password, name },
    { email: "a@b c", password, name },
    { email: `${"x".repeat(250)}@example.com`, password, name },
    { email, password: "short", name },
    { email, password: "x".repeat(201), name },
    { email, password, name: "" },
    { email, password },
  ];
  for (const json of wrong)
    assertRefused(await post("/account/sign-up", json), "invalid_request", JSON.stringify(json));
});

promise("signUp", "origin_not_allowed", "our own pages may", async () => {
  const { baseUrl } = await sharedInstance();
  const json = { email: newEmail(), password: newPassword(), name: "Ada" };
  const answer = await post("/account/sign-up", json, { origin: baseUrl, "sec-fetch-site": "same-origin" });
  assert.equal(answer.status, 201, answer.text);
});

promise("signIn", "happy", "a session of its own, beside the first", async () => {
  const account = await freshAccount();
  const answer = await post("/account/sign-in", { email: account.email.toUpperCase(), password: account.password });
  assert.equal(answer.status, 200, answer.text);
  assert.equal(at(answer.json, "account", "id"), account.id);
  const second = cookieOf(answer);
  assert.notDeepEqual(second, account.session);
  for (const headers of [account.session, second]) {
    const me = await send(account.instance.baseUrl, { method: "GET", path: "/v1/me", headers });
    assert.equal(me.status, 200);
  }
});

promise("signIn", "unauthenticated", "a wrong password and an unknown address answer alike", async () => {
  const account = await freshAccount();
  const wrong = await post("/account/sign-in", { email: account.email, password: newPassword() });
  const unknown = await post("/account/sign-in", { email: newEmail(), password: newPassword() });
  assertRefused(wrong, "unauthenticated");
  assertRefused(unknown, "unauthenticated");
  assert.equal(textAt(wrong.json, "error", "message"), textAt(unknown.json, "error", "message"));
});

promise("signIn", "rate_limited", "guessing at one address", async () => {
  const account = await freshAccount();
  const statuses: number[] = [];
  for (let attempt = 0; attempt < 12; attempt++) {
    statuses.push((await post("/account/sign-in", { email: account.email, password: newPassword() })).status);
  }
  assert.deepEqual([...new Set(statuses)], [401, 429]);
  assert.equal((await account.askAsUser("GET", "/v1/me")).status, 200, "who is in stays in");
});

promise("signOut", "happy", "that session is over, another is not", async () => {
  const account = await freshAccount();
  const second = cookieOf(await post("/account/sign-in", { email: account.email, password: account.password }));
  const out = await account.askAsUser("POST", "/account/sign-out");
  assert.deepEqual([out.status, out.text], [204, ""]);
  assert.match(out.headers["set-cookie"]?.[0] ?? "", /Max-Age=0/);
  const isOver = async (): Promise<boolean> => (await account.askAsUser("GET", "/v1/me")).status === 401;
  await waitFor("the session is refused", isOver, 1_000);
  const other = await send(account.instance.baseUrl, { method: "GET", path: "/v1/me", headers: second });
  assert.equal(other.status, 200);
});

behaviour("the cookie is a credential on /v1, but not from another site's page", async () => {
  const account = await freshAccount();
  assert.equal((await account.askAsUser("POST", "/v1/studios", { name: "By cookie" })).status, 201);
  const origin = { origin: "https://evil.example" };
  assertRefused(await account.askAsUser("POST", "/v1/studios", { name: "x" }, origin), "origin_not_allowed");
  assert.equal((await account.askAsUser("GET", "/v1/studios", undefined, origin)).status, 200, "a read harms nobody");
  const byKey = await account.ask("POST", "/v1/studios", { name: "By key" }, origin);
  assert.equal(byKey.status, 201, "a key is not sent by a browser on its own");
});

behaviour("a key does not open the account pages", async () => {
  const account = await freshAccount();
  const { baseUrl } = account.instance;
  for (const [method, path] of [
    ["GET", "/account/keys"],
    ["POST", "/account/keys"],
    ["POST", "/account/sign-out"],
  ] as const) {
    assertRefused(await send(baseUrl, { method, path, headers: bearer(account.key) }), "unauthenticated", path);
  }
});
