import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { newId } from "@trax/foundation/ids";
import { textAt, startControl } from "../testing/control.ts";
import type { CallOptions, TestAccount, TestControl } from "../testing/control.ts";

let trax: TestControl;
let all: TestAccount;
let reader: TestAccount;
let stranger: TestAccount;
let readOnlyUrl = "";
let studio = "";

before(async () => {
  trax = await startControl();
  [all, reader, stranger] = [await trax.newAccount(), await trax.newAccount(["studios:read"]), await trax.newAccount()];
  readOnlyUrl = (await trax.another({ PUBLIC_API_WRITE_ENABLED: "false" })).baseUrl;
  const created = await trax.call("/v1/studios", { method: "POST", key: all.key, body: { name: "One" } });
  studio = textAt(created.json, "id");
});
after(() => trax[Symbol.asyncDispose]());

type Case = {
  readonly title: string;
  readonly path: string;
  readonly status: number;
  readonly code: string;
  readonly options?: () => CallOptions;
};

const badBody = { body: "{" };
const cases: readonly Case[] = [
  { title: "a known route without a credential", path: "/v1/studios", status: 401, code: "unauthenticated" },
  { title: "an unknown route without a credential", path: "/v1/nothing", status: 401, code: "unauthenticated" },
  { title: "a path outside of the API without a credential", path: "/nothing", status: 401, code: "unauthenticated" },
  {
    title: "a known path's other method without a credential",
    path: "/v1/me",
    status: 401,
    code: "unauthenticated",
    options: () => ({ method: "DELETE" }),
  },
  {
    title: "a path that does not decode, without a credential",
    path: "/v1/studios/%zz",
    status: 401,
    code: "unauthenticated",
  },
  {
    title: "a bad body without a credential",
    path: "/v1/studios",
    status: 401,
    code: "unauthenticated",
    options: () => ({ method: "POST", ...badBody }),
  },
  {
    title: "a public route with a bad key",
    path: "/v1/health",
    status: 401,
    code: "unauthenticated",
    options: () => ({ key: "sk_live_nonsense" }),
  },
  {
    title: "a bad key beside a good one",
    path: "/v1/me",
    status: 401,
    code: "unauthenticated",
    options: () => ({ key: "nonsense", headers: { "x-api-key": all.key } }),
  },
  {
    title: "a bad cookie beside a good key",
    path: "/v1/me",
    status: 401,
    code: "unauthenticated",
    options: () => ({ key: all.key, headers: { cookie: "__Host-trax_session=nonsense" } }),
  },
  {
    title: "another scheme than Bearer",
    path: "/v1/me",
    status: 401,
    code: "unauthenticated",
    options: () => ({ headers: { authorization: "Basic abc" } }),
  },
  {
    title: "an empty key",
    path: "/v1/me",
    status: 401,
    code: "unauthenticated",
    options: () => ({ headers: { "x-api-key": "" } }),
  },
  {
    title: "a key where a session is needed",
    path: "/account/keys",
    status: 401,
    code: "unauthenticated",
    options: () => ({ key: all.key }),
  },
  {
    title: "an unknown route",
    path: "/v1/nothing",
    status: 404,
    code: "not_found",
    options: () => ({ key: reader.key }),
  },
  {
    title: "an unknown route with a bad body",
    path: "/v1/nothing",
    status: 404,
    code: "not_found",
    options: () => ({ key: all.key, method: "POST", headers: { "content-type": "text/plain" }, body: "x" }),
  },
  {
    title: "another method of a known path, scope or not",
    path: "/v1/studios",
    status: 405,
    code: "method_not_allowed",
    options: () => ({ key: reader.key, method: "DELETE" }),
  },
  {
    title: "a path that does not decode",
    path: "/v1/studios/%zz",
    status: 400,
    code: "invalid_request",
    options: () => ({ key: all.key }),
  },
  {
    title: "no scope, bad body and write flag off",
    path: "/v1/studios",
    status: 403,
    code: "insufficient_scope",
    options: () => ({ key: reader.key, method: "POST", baseUrl: readOnlyUrl, ...badBody }),
  },
  {
    title: "write flag off and a bad body",
    path: "/v1/studios",
    status: 503,
    code: "write_disabled",
    options: () => ({ key: all.key, method: "POST", baseUrl: readOnlyUrl, ...badBody }),
  },
  {
    title: "a bad body of an unknown studio",
    path: `/v1/studios/${newId("studio")}`,
    status: 400,
    code: "invalid_request",
    options: () => ({ key: all.key, method: "PATCH", body: { name: 1 } }),
  },
  {
    title: "an unknown studio",
    path: `/v1/studios/${newId("studio")}`,
    status: 404,
    code: "not_found",
    options: () => ({ key: all.key }),
  },
  {
    title: "an id of the wrong kind",
    path: `/v1/studios/${newId("source")}`,
    status: 404,
    code: "not_found",
    options: () => ({ key: all.key }),
  },
  {
    title: "an id with a NUL",
    path: "/v1/studios/std_%00",
    status: 404,
    code: "not_found",
    options: () => ({ key: all.key }),
  },
  {
    title: "an id as long as a path may be",
    path: `/v1/studios/${"x".repeat(2_000)}`,
    status: 404,
    code: "not_found",
    options: () => ({ key: all.key }),
  },
  {
    title: "no body",
    path: "/v1/studios",
    status: 400,
    code: "invalid_request",
    options: () => ({ key: all.key, method: "POST" }),
  },
  {
    title: "broken JSON",
    path: "/v1/studios",
    status: 400,
    code: "invalid_request",
    options: () => ({ key: all.key, method: "POST", ...badBody }),
  },
  {
    title: "an array for a body",
    path: "/v1/studios",
    status: 400,
    code: "invalid_request",
    options: () => ({ key: all.key, method: "POST", body: [] }),
  },
  {
    title: "JSON nested without end",
    path: "/v1/studios",
    status: 400,
    code: "invalid_request",
    options: () => ({ key: all.key, method: "POST", body: `${"[".repeat(200_000)}"\\u0041"${"]".repeat(200_000)}` }),
  },
  {
    title: "an unknown field",
    path: "/v1/studios",
    status: 400,
    code: "invalid_request",
    options: () => ({ key: all.key, method: "POST", body: { name: "x", nam: "y" } }),
  },
  {
    title: "a prototype for a field",
    path: "/v1/studios",
    status: 400,
    code: "invalid_request",
    options: () => ({ key: all.key, method: "POST", body: '{"name":"x","__proto__":{"a":1}}' }),
  },
  {
    title: "a NUL in a text",
    path: "/v1/studios",
    status: 400,
    code: "invalid_request",
    options: () => ({ key: all.key, method: "POST", body: { name: "a\u0000b" } }),
  },
  {
    title: "a lone surrogate in a text",
    path: "/v1/studios",
    status: 400,
    code: "invalid_request",
    options: () => ({ key: all.key, method: "POST", body: '{"name":"\\ud800"}' }),
  },
  {
    title: "a body of 10 MB",
    path: "/v1/studios",
    status: 413,
    code: "payload_too_large",
    options: () => ({ key: all.key, method: "POST", body: "x".repeat(10_000_000) }),
  },
  {
    title: "a body that is no JSON",
    path: "/v1/studios",
    status: 415,
    code: "unsupported_media_type",
    options: () => ({ key: all.key, method: "POST", headers: { "content-type": "text/plain" }, body: "x" }),
  },
  {
    title: "JSON in another charset",
    path: "/v1/studios",
    status: 415,
    code: "unsupported_media_type",
    options: () => ({
      key: all.key,
      method: "POST",
      headers: { "content-type": "application/json; charset=latin1" },
      body: "{}",
    }),
  },
  {
    title: "an unknown query parameter",
    path: "/v1/studios?limt=5",
    status: 400,
    code: "invalid_request",
    options: () => ({ key: all.key }),
  },
  {
    title: "a query parameter twice",
    path: "/v1/studios?limit=5&limit=6",
    status: 400,
    code: "invalid_request",
    options: () => ({ key: all.key }),
  },
  {
    title: "a NUL in the query",
    path: "/v1/studios?cursor=%00",
    status: 400,
    code: "invalid_request",
    options: () => ({ key: all.key }),
  },
  {
    title: "a limit out of range",
    path: "/v1/studios?limit=101",
    status: 400,
    code: "invalid_request",
    options: () => ({ key: all.key }),
  },
  {
    title: "a cursor of nobody's",
    path: "/v1/studios?cursor=abc",
    status: 400,
    code: "invalid_cursor",
    options: () => ({ key: all.key }),
  },
  {
    title: "an idempotency key with a space",
    path: "/v1/studios",
    status: 400,
    code: "invalid_request",
    options: () => ({ key: all.key, method: "POST", body: { name: "x" }, headers: { "idempotency-key": "a b" } }),
  },
];

for (const { title, path, status, code, options } of cases) {
  test(`${title}: ${status} ${code}`, async () => {
    const answer = await trax.call(path, options?.());
    assert.deepEqual({ status: answer.status, code: answer.code }, { status, code }, answer.text);
    assert.equal(textAt(answer.json, "error", "requestId"), answer.headers.get("x-request-id"));
    assert.notEqual(textAt(answer.json, "error", "message"), "");
    assert.equal(answer.headers.has("www-authenticate"), status === 401);
    assert.equal(answer.headers.has("allow"), status === 405);
    assert.match(answer.headers.get("ratelimit-policy") ?? "", /^"default";q=100000;w=60$/);
    assert.match(answer.headers.get("ratelimit") ?? "", /^"default";r=\d+;t=\d+$/);
  });
}

test("another tenant's studio answers exactly like one that never was", async () => {
  const clean = (text: string): string => text.replaceAll(/req_\w+/g, "");
  for (const method of ["GET", "DELETE"]) {
    const theirs = await trax.call(`/v1/studios/${studio}`, { key: stranger.key, method });
    const nobodys = await trax.call(`/v1/studios/${newId("studio")}`, { key: stranger.key, method });
    assert.equal(theirs.status, 404);
    assert.equal(clean(theirs.text), clean(nobodys.text));
  }
});

test("what is wrong with a body is said field by field", async () => {
  const answer = await trax.call("/v1/studios", {
    key: all.key,
    method: "POST",
    body: { name: 5, program: { width: "x" }, other: 1 },
  });
  const details = textAt({ text: JSON.stringify(answer.json) }, "text");
  for (const path of ["body.name", "body.program.width", "body.other"])
    assert.ok(details.includes(`"path":"${path}"`), details);
});

test("a missing scope is named", async () => {
  const answer = await trax.call("/v1/studios", { key: reader.key, method: "POST", body: { name: "x" } });
  assert.equal(textAt(answer.json, "error", "requiredScope"), "studios:write");
});

test("a sane X-Request-Id comes back, another is replaced, on successes and failures alike", async () => {
  for (const path of ["/v1/health", "/v1/nothing"]) {
    const sane = await trax.call(path, { headers: { "x-request-id": "My-id_1.2" } });
    assert.equal(sane.headers.get("x-request-id"), "My-id_1.2");
    for (const odd of ["a b", "x".repeat(101), "<script>"]) {
      const answer = await trax.call(path, { headers: { "x-request-id": odd } });
      assert.match(answer.headers.get("x-request-id") ?? "", /^req_[0-9a-z]+$/);
    }
  }
});

test("HEAD answers like GET without a body, OPTIONS with what is allowed", async () => {
  const head = await trax.call("/v1/me", { key: all.key, method: "HEAD" });
  assert.equal(head.status, 200);
  assert.equal(head.text, "");
  const options = await trax.call("/v1/me", { key: all.key, method: "OPTIONS" });
  assert.equal(options.status, 204);
  assert.equal(options.headers.get("allow"), "GET, HEAD, OPTIONS");
  assert.equal((await trax.call("/v1/me", { method: "OPTIONS" })).status, 401);
});

test("reads go on while writes are off", async () => {
  assert.equal((await trax.call("/v1/studios", { key: all.key, baseUrl: readOnlyUrl })).status, 200);
  const health = await trax.call("/v1/health", { baseUrl: readOnlyUrl });
  assert.deepEqual(health.json, { status: "ok", writeEnabled: false });
});

test("an optional body may be left out, and an operation without one takes an empty one", async () => {
  const path = `/v1/studios/${studio}/go-offline`;
  assert.equal((await trax.call(path, { key: all.key, method: "POST" })).status, 200);
  assert.equal((await trax.call(path, { key: all.key, method: "POST", body: {} })).status, 200);
  assert.equal(
    (await trax.call(path, { key: all.key, method: "POST", headers: { "content-type": "application/json" } })).status,
    200,
  );
  const created = await trax.call("/v1/studios", { key: all.key, method: "POST", body: { name: "Two" } });
  const own = `/v1/studios/${textAt(created.json, "id")}`;
  assert.equal((await trax.call(own, { key: all.key, method: "DELETE", body: { a: 1 } })).status, 400);
  assert.equal((await trax.call(own, { key: all.key, method: "DELETE", body: {} })).status, 204);
});

test("too many requests are a 429 that says when to come back, and no one else's", async () => {
  const { baseUrl } = await trax.another({ TRAX_RATE_LIMIT: "3/60" });
  for (const left of [2, 1, 0]) {
    const answer = await trax.call("/v1/me", { key: all.key, baseUrl });
    assert.equal(answer.status, 200);
    assert.match(answer.headers.get("ratelimit") ?? "", new RegExp(`^"default";r=${left};t=\\d+$`));
    assert.equal(answer.headers.get("ratelimit-policy"), '"default";q=3;w=60');
  }
  // Before the route, the scope and the body are looked at.
  for (const path of ["/v1/me", "/v1/nothing", "/v1/studios?x=1"]) {
    const refused = await trax.call(path, { key: all.key, baseUrl });
    assert.deepEqual([refused.status, refused.code], [429, "rate_limited"]);
    assert.match(refused.headers.get("retry-after") ?? "", /^[1-9]\d*$/);
  }
  assert.equal((await trax.call("/v1/me", { key: stranger.key, baseUrl })).status, 200);
  for (let n = 0; n < 3; n++) assert.equal((await trax.call("/v1/me", { key: "guess", baseUrl })).status, 401);
  assert.equal((await trax.call("/v1/me", { key: "guess", baseUrl })).status, 429);
  assert.equal((await trax.call("/v1/me", { key: stranger.key, baseUrl })).status, 200);
});
