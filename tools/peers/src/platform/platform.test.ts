import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { formOf } from "./call.ts";
import { makeOAuth, type OAuth, OAuthFailure } from "./oauth.ts";
import { type PlatformServer, startPlatformServer } from "./server.ts";

let oauth: OAuth;
let platform: PlatformServer;
let handled = 0;

before(async () => {
  oauth = makeOAuth({ clientId: "id", clientSecret: "sec", expiresIn: 3600, rotatesRefreshTokens: true });
  platform = await startPlatformServer({
    errorBody: (status) => ({ status }),
    routes: [
      { method: "GET", path: "/authorize", answer: oauth.authorize },
      {
        method: "POST",
        path: "/token",
        answer: (call) => {
          try {
            return { status: 200, body: oauth.token(formOf(call)) };
          } catch (error) {
            if (error instanceof OAuthFailure) return { status: 400, body: { error: error.code } };
            throw error;
          }
        },
      },
      {
        method: "POST",
        path: "/things/{id}",
        answer: (call) => {
          handled += 1;
          return { status: 200, body: { id: call.params["id"] } };
        },
      },
    ],
  });
});

after(() => platform.stop());

const post = (): Promise<Response> => fetch(`${platform.origin}/things/a%20b`, { method: "POST", body: "x" });

test("a route answers, what is not there does not, and both are in the log", async () => {
  platform.requests.length = 0;
  assert.deepEqual(await (await post()).json(), { id: "a b" });
  assert.equal((await fetch(`${platform.origin}/nothing?q=1`)).status, 404);
  assert.deepEqual(
    platform.requests.map((one) => [one.method, one.path, one.query, one.body, one.status]),
    [
      ["POST", "/things/a%20b", "", "x", 200],
      ["GET", "/nothing", "q=1", "", 404],
    ],
  );
  assert.equal(platform.requestsTo(/^\/things\//, "POST").length, 1);
});

test("faults meet as many calls as they say, and are over", async () => {
  const fault = platform.failNext({ path: /^\/things/, status: 429, retryAfter: 7, times: 2 });
  const first = await post();
  assert.deepEqual([first.status, first.headers.get("retry-after")], [429, "7"]);
  assert.deepEqual(await (await post()).json(), { status: 429 });
  assert.equal((await post()).status, 200);
  assert.equal(fault.hits(), 2);
});

test("a cut before leaves it undone, a cut after only loses the answer", async () => {
  const start = handled;
  platform.failNext({ cut: "before" });
  await assert.rejects(post());
  assert.equal(handled, start);
  platform.failNext({ cut: "after" });
  await assert.rejects(post());
  assert.equal(handled, start + 1);
});

test("a stalled call says nothing until it is released", async () => {
  const fault = platform.failNext({ path: /^\/things/, stall: true });
  let answered = false;
  const stalled = post().then((response) => {
    answered = true;
    return response;
  });
  assert.equal((await fetch(`${platform.origin}/nothing`)).status, 404);
  assert.equal(answered, false);
  fault.release();
  assert.equal((await stalled).status, 200);
});

test("a code is good once, with its verifier; refresh tokens rotate; a withdrawn grant is dead", async () => {
  oauth.decide({ kind: "consent", userId: "u" });
  const query = new URLSearchParams({
    client_id: "id",
    redirect_uri: "http://app.invalid/cb",
    response_type: "code",
    scope: "a b",
    state: "s",
    // RFC 7636 appendix B.
    code_challenge: "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM",
    code_challenge_method: "S256",
  });
  const answer = await fetch(`${platform.origin}/authorize?${query}`, { redirect: "manual" });
  const location = new URL(answer.headers.get("location") ?? "");
  assert.equal(location.searchParams.get("state"), "s");
  const form = new URLSearchParams({
    client_id: "id",
    client_secret: "sec",
    grant_type: "authorization_code",
    code: location.searchParams.get("code") ?? "",
    redirect_uri: "http://app.invalid/cb",
    code_verifier: "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
  });
  const first = oauth.token(form);
  assert.deepEqual(first.grant.scopes, ["a", "b"]);
  assert.throws(() => oauth.token(form), { code: "invalid_grant" });
  const again = (token: string): URLSearchParams =>
    new URLSearchParams({
      client_id: "id",
      client_secret: "sec",
      grant_type: "refresh_token",
      refresh_token: token,
    });
  const second = oauth.token(again(first.refreshToken));
  assert.throws(() => oauth.token(again(first.refreshToken)), { code: "invalid_grant" });
  assert.equal(oauth.check(second.accessToken)?.grant.userId, "u");
  oauth.expireAccessTokens();
  assert.equal(oauth.check(second.accessToken), undefined);
  oauth.revokeUser("u");
  assert.throws(() => oauth.token(again(second.refreshToken)), { code: "invalid_grant" });
});

test("a user who denies comes back with the reason", async () => {
  oauth.decide({ kind: "deny" });
  const query = new URLSearchParams({ client_id: "id", redirect_uri: "http://app.invalid/cb", response_type: "code" });
  const answer = await fetch(`${platform.origin}/authorize?${query}`, { redirect: "manual" });
  assert.match(answer.headers.get("location") ?? "", /error=access_denied/);
});
