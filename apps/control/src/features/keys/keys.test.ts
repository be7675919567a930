import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import sql from "sql-template-tag";
import { newId } from "@trax/foundation/ids";
import { field, startControl, textAt } from "../../testing/control.ts";
import type { Answer, TestControl } from "../../testing/control.ts";

let trax: TestControl;

before(async () => {
  trax = await startControl();
});
after(() => trax[Symbol.asyncDispose]());

type Member = { readonly cookie: string; readonly email: string; readonly accountId: string };

let count = 0;

async function signUp(): Promise<Member> {
  const email = `user${++count}@example.com`;
  const answer = await trax.call("/account/sign-up", {
    method: "POST",
    body: { email, name: "User", password: "correct horse" },
  });
  assert.equal(answer.status, 201, answer.text);
  const cookie = (answer.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
  return { cookie, email, accountId: textAt(answer.json, "account", "id") };
}

const as = ({ cookie }: Member, method = "GET", body?: object) => ({
  method,
  headers: { cookie },
  ...(body === undefined ? {} : { body }),
});
const mint = (member: Member, body: object): Promise<Answer> => trax.call("/account/keys", as(member, "POST", body));
const me = (key: string, baseUrl = trax.baseUrl): Promise<Answer> => trax.call("/v1/me", { key, baseUrl });

/** Asks until the answer is another than 200, and says how long that took; a second is the promise. */
async function deadWithinASecond(key: string, baseUrl?: string): Promise<Answer> {
  const from = performance.now();
  for (;;) {
    const answer = await me(key, baseUrl);
    if (answer.status !== 200) return answer;
    assert.ok(performance.now() - from < 1_000, "alive for longer than a second");
  }
}

test("a key shows its secret once, works, and is listed without it", async () => {
  const member = await signUp();
  const minted = await mint(member, { name: "Bot", scopes: ["studios:read", "studios:read"] });
  assert.equal(minted.status, 201, minted.text);
  const secret = textAt(minted.json, "secret");
  const answer = await me(secret);
  assert.equal(answer.status, 200);
  assert.deepEqual(field(answer.json, "scopes"), ["studios:read"]);
  assert.equal(textAt(answer.json, "keyId"), textAt(minted.json, "id"));
  assert.equal(textAt(answer.json, "account", "id"), member.accountId);
  const list = await trax.call("/account/keys", as(member));
  assert.ok(!list.text.includes(secret));
  assert.equal(textAt(field(list.json, "data"), "0", "lastFour"), secret.slice(-4));
  const stored = await trax.database.query(sql`select * from api_keys where account_id = ${member.accountId}`);
  assert.ok(!JSON.stringify(stored).includes(secret));
});

test("a key in X-Api-Key works as well", async () => {
  const secret = textAt((await mint(await signUp(), { name: "Bot", scopes: ["studios:read"] })).json, "secret");
  assert.equal((await trax.call("/v1/me", { headers: { "x-api-key": secret } })).status, 200);
  assert.equal((await trax.call("/v1/me", { headers: { authorization: `bearer ${secret}` } })).status, 200);
});

test("a revoked key is dead within a second on every node, and revoking twice is revoking once", async () => {
  const member = await signUp();
  const other = await trax.another({});
  const minted = await mint(member, { name: "Bot", scopes: ["studios:read"] });
  const [id, secret] = [textAt(minted.json, "id"), textAt(minted.json, "secret")];
  assert.equal((await me(secret)).status, 200);
  assert.equal((await me(secret, other.baseUrl)).status, 200);
  assert.equal((await trax.call(`/account/keys/${id}`, as(member, "DELETE"))).status, 204);
  const refusals = await Promise.all([deadWithinASecond(secret), deadWithinASecond(secret, other.baseUrl)]);
  for (const refusal of refusals) assert.equal(refusal.code, "unauthenticated");
  assert.equal((await trax.call(`/account/keys/${id}`, as(member, "DELETE"))).status, 204);
});

test("a key expires when it was said to", async () => {
  const member = await signUp();
  const minted = await mint(member, { name: "Bot", scopes: ["studios:read"], expiresInSeconds: 1 });
  const secret = textAt(minted.json, "secret");
  const expires = Date.parse(textAt(minted.json, "expiresAt"));
  const answer = await me(secret);
  assert.ok(answer.status === 200 || Date.now() >= expires);
  for (;;) {
    const asked = Date.now();
    if ((await me(secret)).status === 401) break;
    assert.ok(asked < expires + 50, "alive after its end");
  }
  assert.ok(Date.now() >= expires - 50);
});

test("rotating gives a like key; the old one works on for the overlap, and not a second time", async () => {
  const member = await signUp();
  const given = { name: "Bot", scopes: ["studios:read"], allowedNetworks: ["127.0.0.0/8"] };
  const old = await mint(member, given);
  const oldId = textAt(old.json, "id");
  const rotated = await trax.call(`/account/keys/${oldId}/rotate`, as(member, "POST", { overlapSeconds: 3_600 }));
  assert.equal(rotated.status, 201, rotated.text);
  for (const name of ["name", "scopes", "allowedNetworks", "expiresAt"])
    assert.deepEqual(field(rotated.json, name), field(old.json, name));
  assert.equal((await me(textAt(old.json, "secret"))).status, 200);
  assert.equal((await me(textAt(rotated.json, "secret"))).status, 200);
  const listed = await trax.call("/account/keys", as(member));
  const ends = Date.parse(textAt(field(listed.json, "data"), "1", "expiresAt"));
  assert.ok(Math.abs(ends - Date.now() - 3_600_000) < 60_000);
  assert.equal((await trax.call(`/account/keys/${oldId}/rotate`, as(member, "POST"))).code, "conflict");
  const now = await trax.call(
    `/account/keys/${textAt(rotated.json, "id")}/rotate`,
    as(member, "POST", { overlapSeconds: 0 }),
  );
  assert.equal(now.status, 201);
  await deadWithinASecond(textAt(rotated.json, "secret"));
});

test("nobody grants what they do not hold, and a role that shrinks takes its keys along at once", async () => {
  const member = await signUp();
  const secret = textAt(
    (await mint(member, { name: "Bot", scopes: ["studios:read", "studios:write"] })).json,
    "secret",
  );
  assert.equal((await trax.call("/v1/studios", { key: secret, method: "POST", body: { name: "x" } })).status, 201);
  await trax.database.query(sql`update memberships set role = 'viewer' where account_id = ${member.accountId}`);
  const from = performance.now();
  for (;;) {
    const answer = await trax.call("/v1/studios", { key: secret, method: "POST", body: { name: "x" } });
    if (answer.status === 403) break;
    assert.ok(performance.now() - from < 1_000, "writes for longer than a second");
  }
  assert.deepEqual(field((await me(secret)).json, "scopes"), ["studios:read"]);
  const refused = await mint(member, { name: "Bot", scopes: ["studios:read", "studios:write"] });
  assert.deepEqual([refused.status, refused.code], [422, "scope_not_held"]);
});

test("a key limited to networks works from there alone", async () => {
  const member = await signUp();
  const elsewhere = textAt(
    (await mint(member, { name: "x", scopes: ["studios:read"], allowedNetworks: ["203.0.113.0/24", "2001:db8::/32"] }))
      .json,
    "secret",
  );
  const here = textAt(
    (await mint(member, { name: "x", scopes: ["studios:read"], allowedNetworks: ["203.0.113.0/24", "127.0.0.1/32"] }))
      .json,
    "secret",
  );
  const refused = await me(elsewhere);
  assert.deepEqual([refused.status, refused.code], [403, "ip_not_allowed"]);
  assert.equal((await trax.call("/v1/nothing", { key: elsewhere })).code, "ip_not_allowed");
  assert.equal((await me(here)).status, 200);
  const wrong = await mint(member, {
    name: "x",
    scopes: ["studios:read"],
    allowedNetworks: ["127.0.0.1", "300.0.0.0/8"],
  });
  assert.deepEqual([wrong.status, wrong.code], [400, "invalid_request"]);
});

test("keys are listed page by page, newest first; a member who is not the owner sees only their own", async () => {
  const member = await signUp();
  const ids: string[] = [];
  for (let n = 0; n < 5; n++)
    ids.unshift(textAt((await mint(member, { name: `k${n}`, scopes: ["studios:read"] })).json, "id"));
  const seen: string[] = [];
  for (let cursor = ""; ;) {
    const page = await trax.call(`/account/keys?limit=2${cursor === "" ? "" : `&cursor=${cursor}`}`, as(member));
    const data = field(page.json, "data");
    assert.ok(Array.isArray(data));
    seen.push(...data.map((key: unknown) => textAt(key, "id")));
    const next = field(page.json, "nextCursor");
    if (next === null) break;
    assert.ok(typeof next === "string");
    cursor = next;
  }
  assert.deepEqual(seen, ids);

  const producer = await signUp();
  await trax.database.query(sql`delete from memberships where account_id = ${producer.accountId}`);
  await trax.database.query(sql`
    insert into memberships (account_id, user_id, role)
    select ${member.accountId}, id, 'producer' from users where email = ${producer.email}`);
  const signedIn = await trax.call("/account/sign-in", {
    method: "POST",
    body: { email: producer.email, password: "correct horse" },
  });
  const cookie = (signedIn.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
  const colleague = { ...producer, cookie };
  assert.deepEqual(field((await trax.call("/account/keys", as(colleague))).json, "data"), []);
  assert.equal((await trax.call(`/account/keys/${ids[0] ?? ""}`, as(colleague, "DELETE"))).status, 404);
  const own = textAt((await mint(colleague, { name: "own", scopes: ["studios:read"] })).json, "id");
  assert.equal((await trax.call(`/account/keys/${own}`, as(member, "DELETE"))).status, 204);
});

test("another account's key is as absent as one that never was", async () => {
  const [member, stranger] = [await signUp(), await signUp()];
  const id = textAt((await mint(member, { name: "x", scopes: ["studios:read"] })).json, "id");
  for (const [method, path] of [
    ["DELETE", ""],
    ["POST", "/rotate"],
  ] as const) {
    for (const one of [id, newId("key"), newId("studio")]) {
      assert.equal((await trax.call(`/account/keys/${one}${path}`, as(stranger, method))).status, 404);
    }
  }
});

test("the use of a key is noted", async () => {
  const member = await signUp();
  const minted = await mint(member, { name: "x", scopes: ["studios:read"] });
  assert.equal(field(minted.json, "lastUsedAt"), null);
  const from = performance.now();
  await me(textAt(minted.json, "secret"));
  for (;;) {
    const list = await trax.call("/account/keys", as(member));
    const at = field(field(list.json, "data"), "0", "lastUsedAt");
    if (typeof at === "string") break;
    assert.ok(performance.now() - from < 10_000, "not noted");
  }
});

test("an operator's limit for one key is that key's own", async () => {
  const member = await signUp();
  const minted = await mint(member, { name: "x", scopes: ["studios:read"] });
  await trax.database.query(
    sql`update api_keys set rate_limit_requests = 2, rate_limit_seconds = 60 where id = ${textAt(minted.json, "id")}`,
  );
  const secret = textAt(minted.json, "secret");
  const answers = [await me(secret), await me(secret), await me(secret)];
  assert.deepEqual(
    answers.map((answer) => answer.status),
    [200, 200, 429],
  );
  assert.equal(answers[0]?.headers.get("ratelimit-policy"), '"default";q=2;w=60');
  assert.deepEqual(field(answers[0]?.json, "limits"), { requests: 2, windowSeconds: 60 });
});
