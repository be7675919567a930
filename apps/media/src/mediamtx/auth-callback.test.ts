import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Secret } from "@trax/foundation/secret";
import { type AuthCallback, type AuthDecision, type AuthRequest, startAuthCallback } from "./auth-callback.ts";

const asIs = {
  ip: "192.0.2.7",
  user: "",
  password: "",
  token: "",
  action: "publish",
  path: "in/src_x",
  protocol: "rtmp",
  id: "1b4e28ba-2fa1-11d2-883f-0016d3cca427",
  query: "",
  userAgent: "OBS",
};

const allow = async (): Promise<AuthDecision> => ({ allow: true });

describe("the auth callback", () => {
  const asked: AuthRequest[] = [];
  const refused: string[] = [];
  let decide: (request: AuthRequest) => Promise<AuthDecision> = allow;
  let callback: AuthCallback;

  before(async () => {
    callback = await startAuthCallback({
      port: 0,
      internalPassword: new Secret("own"),
      decide: (request) => {
        asked.push(request);
        return decide(request);
      },
      onRefused: (request, reason) => void refused.push(`${reason} ${JSON.stringify(request)}`),
      deadlineMs: 50,
    });
  });
  after(() => callback.close());

  async function ask(body: unknown): Promise<number> {
    const response = await fetch(`http://127.0.0.1:${callback.port}/`, { method: "POST", body: JSON.stringify(body) });
    assert.equal(await response.text(), "");
    return response.status;
  }

  test("finds the token wherever a protocol puts it", async () => {
    const cases = [
      { token: "t", query: "token=t" },
      { protocol: "srt", user: "session", password: "t", token: "t", userAgent: "" },
      { protocol: "webrtc", token: "t" },
      { protocol: "hls", action: "read", id: null, query: "x=1&token=t" },
    ];
    for (const body of cases) {
      assert.equal(await ask({ ...asIs, ...body }), 204);
      assert.equal(asked.at(-1)?.token?.reveal(), "t");
    }
    assert.equal(await ask(asIs), 204);
    assert.equal(asked.at(-1)?.token, null);
  });

  test("lets our own in from loopback with the agent's secret only, and asks nobody about them", async () => {
    const own = { ...asIs, ip: "127.0.0.1", user: "internal", password: "own", token: "own", action: "read" };
    const questions = asked.length;
    assert.equal(await ask(own), 204);
    assert.equal(await ask({ ...own, action: "api", protocol: "", path: "", id: null }), 204);
    assert.equal(await ask({ ...own, ip: "192.0.2.7" }), 403);
    assert.equal(await ask({ ...own, password: "guess" }), 403);
    assert.equal(await ask({ ...own, user: "", action: "api", protocol: "", path: "", id: null }), 403);
    assert.equal(asked.length, questions);
  });

  test("fails closed, and tells why without the token", async () => {
    const tokened = { ...asIs, token: "very-secret", query: "token=very-secret" };
    decide = async () => ({ allow: false, reason: "expired" });
    assert.equal(await ask(tokened), 403);
    decide = () => Promise.reject(new Error("no database"));
    assert.equal(await ask(tokened), 403);
    const never = Promise.withResolvers<AuthDecision>();
    decide = () => never.promise;
    assert.equal(await ask(tokened), 403);
    assert.equal(await ask({ nonsense: true }), 403);
    assert.equal(await ask({ ...asIs, userAgent: "x".repeat(100_000) }), 403);
    assert.deepEqual(
      refused.map((text) => text.slice(0, text.indexOf(" {"))),
      ["expired", "could not be decided", "not decided in time"],
    );
    assert.doesNotMatch(refused.join(), /very-secret/);
  });
});
