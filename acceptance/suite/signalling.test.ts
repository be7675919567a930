import assert from "node:assert/strict";
import type { Account } from "../src/account.ts";
import type { Answer } from "../src/exchange.ts";
import { bearer, send } from "../src/http.ts";
import { textAt } from "../src/json.ts";
import { behaviour } from "../src/promise.ts";
import { assertRefused } from "../src/refusal.ts";
import { freshAccount } from "../src/shared-account.ts";

async function newStudio(account: Account): Promise<{ readonly id: string; readonly path: string }> {
  const id = textAt((await account.ask("POST", "/v1/studios", { name: "Show" })).json, "id");
  return { id, path: `/v1/studios/${id}` };
}

/** An offer of Opus that nobody stands behind, for signalling alone: the router waits for its peer a while. */
const offer = [
  "v=0",
  "o=- 1 1 IN IP4 127.0.0.1",
  "s=-",
  "t=0 0",
  "a=group:BUNDLE 0",
  "m=audio 9 UDP/TLS/RTP/SAVPF 111",
  "c=IN IP4 0.0.0.0",
  "a=ice-ufrag:First",
  "a=ice-pwd:0123456789abcdefghijklmn",
  "a=ice-options:trickle",
  `a=fingerprint:sha-256 ${Array.from({ length: 32 }, () => "5A").join(":")}`,
  "a=setup:actpass",
  "a=mid:0",
  "a=sendonly",
  "a=rtcp-mux",
  "a=rtpmap:111 opus/48000/2",
  "",
].join("\r\n");

/** RFC 9725, 4.3: the ICE of the offer, or another one, and candidates of it. */
function fragment(user: string, ...candidates: readonly string[]): string {
  return [
    "a=group:BUNDLE 0",
    "m=audio 9 UDP/TLS/RTP/SAVPF 111",
    "a=mid:0",
    `a=ice-ufrag:${user}`,
    "a=ice-pwd:0123456789abcdefghijklmn",
    ...candidates.map((candidate) => `a=candidate:${candidate}`),
    "",
  ].join("\r\n");
}

behaviour("WHIP and WHEP are under the API's origin, and take the tokens of media sessions alone", async () => {
  const account = await freshAccount();
  const { id, path } = await newStudio(account);
  const source = (await account.ask("POST", `${path}/sources`, { name: "Cam" })).json;
  const sourceId = textAt(source, "id");
  const { baseUrl } = account.instance;
  const sdp = { "content-type": "application/sdp" };
  for (const endpoint of [`/whip/${sourceId}`, `/whep/${sourceId}`, `/whep/${id}`, `/whep/${id}/preview`]) {
    const ask = { method: "POST", path: endpoint, body: "v=0\r\n" };
    assertRefused(await send(baseUrl, { ...ask, headers: sdp }), "unauthenticated");
    assertRefused(await send(baseUrl, { ...ask, headers: { ...sdp, ...bearer(account.key) } }), "unauthenticated");
    assertRefused(await send(baseUrl, { ...ask, headers: { "content-type": "text/plain" } }), "unauthenticated");
    assertRefused(await send(baseUrl, { method: "GET", path: endpoint }), "method_not_allowed");
    const preflight = await send(baseUrl, { method: "OPTIONS", path: endpoint });
    assert.deepEqual([preflight.status, preflight.headers["access-control-allow-origin"]], [204, "*"]);
  }
  const token = bearer(textAt(source, "session", "token"));
  const broken = { method: "POST", path: `/whip/${sourceId}`, headers: { ...sdp, ...token }, body: "no offer at all" };
  assertRefused(await send(baseUrl, broken), "invalid_request", "what the router cannot read");
  const text = { ...broken, headers: { ...token, "content-type": "text/plain" } };
  assertRefused(await send(baseUrl, text), "unsupported_media_type");
});

behaviour(
  "a candidate is for the ICE session that `If-Match` names; a restart of ICE is another, with another tag",
  async () => {
    const account = await freshAccount();
    const { path } = await newStudio(account);
    const source = (await account.ask("POST", `${path}/sources`, { name: "Cam" })).json;
    const { baseUrl } = account.instance;
    const begun = await send(baseUrl, {
      method: "POST",
      path: `/whip/${textAt(source, "id")}`,
      headers: { "content-type": "application/sdp", ...bearer(textAt(source, "session", "token")) },
      body: offer,
    });
    assert.equal(begun.status, 201, begun.text);
    const { etag: first, location = "" } = begun.headers;
    assert.match(first ?? "", /^"[^"]+"$/, "a strong tag");
    const patch = (ifMatch: string | undefined, body: string, to = location): Promise<Answer> =>
      send(baseUrl, {
        method: "PATCH",
        path: to,
        headers: {
          "content-type": "application/trickle-ice-sdpfrag",
          ...(ifMatch === undefined ? {} : { "if-match": ifMatch }),
        },
        body,
      });
    const assertTaken = (answer: Answer, why: string): void =>
      assert.deepEqual([answer.status, answer.text, answer.headers.etag], [204, "", undefined], why);

    const host = "1 1 udp 2122260223 192.0.2.1 61764 typ host";
    const early = fragment("First", host);
    assertTaken(await patch(first, early), "a candidate");
    assertTaken(await patch(`"other", ${first}`, early), "one tag of several");
    assertTaken(await patch("*", early), "any");
    const odd = ["2 1 tcp 1518280447 192.0.2.1 9 typ host tcptype active", "3 1 udp 1 c0ffee.local 61764 typ host"];
    assertTaken(await patch(first, fragment("First", ...odd)), "what cannot be used is passed over");
    assertRefused(await patch(undefined, early), "precondition_required");
    for (const stale of ['"other"', `W/${first}`, String(first).slice(1, -1)])
      assertRefused(await patch(stale, early), "precondition_failed", stale);

    const restart = await patch("*", fragment("Second", host));
    assert.equal(restart.status, 200, restart.text);
    assert.equal(restart.headers["content-type"], "application/trickle-ice-sdpfrag");
    const second = restart.headers.etag;
    assert.match(second ?? "", /^"[^"]+"$/);
    assert.notEqual(second, first);
    assert.match(
      restart.text,
      /^a=ice-ufrag:.+\r\n(?:.*\r\n)*a=candidate:/m,
      "with credentials and candidates of its own",
    );
    assertRefused(await patch(first, early), "precondition_failed", "a candidate that the restart overtook");
    assertTaken(await patch(second, fragment("Second", host)), "and one of the new");

    const broken = fragment("Second", host).replace("a=mid:0\r\n", "");
    assertRefused(await patch(second, broken), "invalid_request");
    assertRefused(await patch(second, "no fragment"), "invalid_request");
    const json = { method: "PATCH", path: location, headers: { "content-type": "application/json" }, body: "{}" };
    assertRefused(await send(baseUrl, json), "unsupported_media_type");
    const ended = await send(baseUrl, { method: "DELETE", path: location, headers: { "if-match": '"other"' } });
    assert.equal(ended.status, 200, "which compares nothing");
    for (const ifMatch of [second, "*", undefined]) assertRefused(await patch(ifMatch, early), "not_found");
  },
);
