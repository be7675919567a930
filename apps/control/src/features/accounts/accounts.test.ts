import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { randomUUID } from "node:crypto";
import sql from "sql-template-tag";
import { scopes } from "@trax/contract";
import { field, startControl, textAt } from "../../testing/control.ts";
import type { Answer, TestControl } from "../../testing/control.ts";

let trax: TestControl;

before(async () => {
  trax = await startControl();
});
after(() => trax[Symbol.asyncDispose]());

const password = "correct horse";
const newEmail = () => `${randomUUID()}@Example.com`;

function signUp(email: string, headers: Record<string, string> = {}): Promise<Answer> {
  return trax.call("/account/sign-up", { method: "POST", body: { email, name: "User", password }, headers });
}

function signIn(email: string, given = password, headers: Record<string, string> = {}): Promise<Answer> {
  return trax.call("/account/sign-in", { method: "POST", body: { email, password: given }, headers });
}

function cookieOf(answer: Answer): string {
  return (answer.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
}

test("signing up makes an account with an owner and signs them in, by a cookie no script and no other site gets at", async () => {
  const email = newEmail();
  const answer = await signUp(email);
  assert.equal(answer.status, 201, answer.text);
  assert.equal(field(answer.json, "role"), "owner");
  assert.match(
    answer.headers.get("set-cookie") ?? "",
    /^__Host-trax_session=[\w-]{43}; Path=\/; Max-Age=2592000; HttpOnly; Secure; SameSite=Lax$/,
  );
  const me = await trax.call("/v1/me", { headers: { cookie: `other=1; ${cookieOf(answer)}` } });
  assert.equal(me.status, 200);
  assert.equal(field(me.json, "kind"), "session");
  assert.deepEqual(field(me.json, "scopes"), [...scopes]);
  assert.equal(textAt(me.json, "account", "id"), textAt(answer.json, "account", "id"));
  const stored = await trax.database.query(
    sql`select * from users join web_sessions on user_id = id where email = ${email}`,
  );
  assert.ok(!JSON.stringify(stored).includes(password));
});

test("an e-mail address is taken in any case, also by two who come at once", async () => {
  const email = newEmail();
  const answers = await Promise.all([signUp(email), signUp(email.toUpperCase())]);
  assert.deepEqual(answers.map((answer) => answer.status).sort(), [201, 409]);
  assert.equal((await signUp(email.toLowerCase())).code, "email_taken");
  assert.equal((await signIn(email.toUpperCase())).status, 200);
});

test("a wrong password and an unknown address answer alike", async () => {
  const email = newEmail();
  await signUp(email);
  const clean = (answer: Answer): string => answer.text.replaceAll(/req_\w+/g, "");
  const [wrong, unknown] = [await signIn(email, "wrong password"), await signIn(newEmail())];
  assert.equal(wrong.status, 401);
  assert.equal(unknown.status, 401);
  assert.equal(clean(wrong), clean(unknown));
});

test("guessing one's password is slowed down, from that place and for that address alone", async () => {
  const [email, other] = [newEmail(), newEmail()];
  await signUp(email);
  await signUp(other);
  for (let n = 0; n < 10; n++) assert.equal((await signIn(email, `guess ${n}`)).status, 401);
  const limited = await signIn(email);
  assert.deepEqual([limited.status, limited.code], [429, "rate_limited"]);
  assert.match(limited.headers.get("retry-after") ?? "", /^[1-9]\d*$/);
  for (let n = 0; n < 12; n++) assert.equal((await signIn(other)).status, 200);
});

test("signing out ends the session, and only that one", async () => {
  const email = newEmail();
  const [first, second] = [cookieOf(await signUp(email)), cookieOf(await signIn(email))];
  const out = await trax.call("/account/sign-out", { method: "POST", headers: { cookie: first } });
  assert.equal(out.status, 204);
  assert.match(out.headers.get("set-cookie") ?? "", /^__Host-trax_session=; .*Max-Age=0/);
  const from = performance.now();
  for (;;) {
    const answer = await trax.call("/v1/me", { headers: { cookie: first } });
    if (answer.status === 401) {
      assert.match(answer.headers.get("set-cookie") ?? "", /Max-Age=0/);
      break;
    }
    assert.ok(performance.now() - from < 1_000, "alive for longer than a second");
  }
  assert.equal((await trax.call("/v1/me", { headers: { cookie: second } })).status, 200);
});

test("an old cookie does not keep anybody from signing in", async () => {
  const email = newEmail();
  await signUp(email);
  assert.equal((await signIn(email, password, { cookie: `__Host-trax_session=${"x".repeat(43)}` })).status, 200);
});

test("a session that is over is no credential", async () => {
  const answer = await signUp(newEmail());
  await trax.database.query(
    sql`update web_sessions set expires_at = now() where account_id = ${textAt(answer.json, "account", "id")}`,
  );
  assert.equal((await trax.call("/v1/me", { headers: { cookie: cookieOf(answer) } })).status, 401);
});

test("another site can neither write with the cookie nor sign anybody in", async () => {
  const email = newEmail();
  const cookie = cookieOf(await signUp(email));
  const write = (headers: Record<string, string>): Promise<Answer> =>
    trax.call("/v1/studios", { method: "POST", body: { name: "x" }, headers: { cookie, ...headers } });
  for (const headers of [{ origin: "https://evil.test" }, { origin: "null" }, { "sec-fetch-site": "cross-site" }]) {
    assert.equal((await write(headers)).code, "origin_not_allowed", JSON.stringify(headers));
    assert.equal((await signIn(email, password, headers)).code, "origin_not_allowed");
    assert.equal((await signUp(newEmail(), headers)).code, "origin_not_allowed");
  }
  assert.equal((await write({ origin: trax.baseUrl })).status, 201);
  assert.equal((await write({ "sec-fetch-site": "same-origin" })).status, 201);
  assert.equal((await trax.call("/v1/me", { headers: { cookie, origin: "https://evil.test" } })).status, 200);
});
