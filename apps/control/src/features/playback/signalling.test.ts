import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage } from "node:http";
import { after, test } from "node:test";
import { MediaSessionCreated } from "@trax/contract";
import { newId } from "@trax/foundation/ids";
import sql from "sql-template-tag";
import { startControl } from "../../testing/control.ts";
import type { Answer } from "../../testing/control.ts";
import { refusedAs, shapeOf } from "../../testing/shape.ts";
import { Tenant } from "../../testing/tenant.ts";

/** Stands for MediaMTX, whose own manners the acceptance tests see: answers as it is told to, and keeps what it was asked. */
const asked: { readonly line: string; readonly body: string; readonly headers: IncomingMessage["headers"] }[] = [];
let absentFor = 0;
let status = 201;
let away = false;
const secret = "1b4e28ba-2fa1-4d3a-883f-0016d3cca427";
const sdp = "v=0\r\na=ice-ufrag:abcd\r\n";
const router = createServer((request, response) => {
  void (async () => {
    let body = "";
    for await (const chunk of request) body += String(chunk);
    asked.push({ line: `${request.method} ${request.url}`, body, headers: request.headers });
    const answers: Record<string, () => unknown> = {
      POST: () => {
        if (absentFor > 0) {
          absentFor -= 1;
          return response.writeHead(404).end('{"error":"no stream is available on path /secret/plumbing"}');
        }
        if (status !== 201) return response.writeHead(status).end('{"error":"plumbing"}');
        return response.writeHead(201, { location: `${request.url}/${secret}`, etag: "*" }).end(sdp);
      },
      PATCH: () => {
        if (away) return response.destroy();
        if (request.url?.includes(secret) !== true) return response.writeHead(404).end("{}");
        return body.includes("restart")
          ? response.writeHead(200, { etag: '"new"' }).end("a=ice-ufrag:new\r\n")
          : response.writeHead(204).end();
      },
      DELETE: () => response.writeHead(request.url?.includes(secret) === true ? 200 : 404).end("{}"),
    };
    answers[request.method ?? ""]?.();
  })();
});
router.listen(0, "127.0.0.1");
await once(router, "listening");
const address = router.address();
if (address === null || typeof address === "string") throw new Error("no port");

const control = await startControl({
  TRAX_WEBRTC_PORT: String(address.port),
  TRAX_ICE_SERVERS: 'stun:stun.example.com:3478,turn:ada:pa"ss@turn.example.com:3478',
});
after(async () => {
  await control[Symbol.asyncDispose]();
  router.close();
});
const { database } = control;
const ada = await Tenant.make(control);

const offer = (path: string, token: string | null, body = "v=0\r\n", type = "application/sdp"): Promise<Answer> =>
  control.call(path, {
    method: "POST",
    headers: { "content-type": type, ...(token === null ? {} : { authorization: `Bearer ${token}` }) },
    body,
  });

async function play(studioId: string, what: object): Promise<MediaSessionCreated> {
  const answer = await ada.call("POST", `/v1/studios/${studioId}/media-sessions`, { role: "play", ...what });
  return shapeOf(answer, 201, MediaSessionCreated);
}

const pathOf = (url: string | undefined) => new URL(url ?? "").pathname;

test("a publisher's offer goes to its source's path, and its session is under our own origin", async () => {
  const { id } = await ada.studio();
  const source = await ada.source(id);
  const { ingest, token } = source.session;
  assert.equal(pathOf(ingest.whip.url), `/whip/${source.id}`);
  const answer = await offer(`/whip/${source.id}`, token);
  assert.equal(answer.status, 201, answer.text);
  assert.equal(answer.text, sdp);
  const header = (name: string) => answer.headers.get(name);
  assert.equal(header("content-type"), "application/sdp");
  assert.equal(header("location"), `/whip/${source.id}/session/${secret}`);
  assert.equal(header("etag"), '"abcd"');
  assert.equal(
    header("link"),
    '<stun:stun.example.com:3478>; rel="ice-server", <turn:turn.example.com:3478>; rel="ice-server"; username="ada"; credential="pa\\"ss"; credential-type="password"',
  );
  assert.equal(header("access-control-allow-origin"), "*");
  assert.match(header("access-control-expose-headers") ?? "", /ETag, Link, Location/);
  const last = asked.at(-1);
  assert.equal(last?.line, `POST /in/${source.id}/whip`);
  assert.equal(last.headers.authorization, `Bearer ${token}`);
  assert.equal(last.headers["x-forwarded-for"], "127.0.0.1");

  const session = header("location") ?? "";
  const patch = (ifMatch: string | null, body: string, path = session, at = control.baseUrl): Promise<Answer> =>
    control.call(path, {
      baseUrl: at,
      method: "PATCH",
      headers: {
        "content-type": "application/trickle-ice-sdpfrag",
        ...(ifMatch === null ? {} : { "if-match": ifMatch }),
      },
      body,
    });
  const trickled = await patch('"abcd"', "a=candidate:1");
  assert.deepEqual([trickled.status, trickled.text, trickled.headers.get("etag")], [204, "", null]);
  refusedAs(await patch(null, "a=candidate:2"), 428, "precondition_required");
  // Sent at once: what the restart overtakes is not for the ICE session that it makes.
  const [restarted, overtaken] = await Promise.all([patch('"*"', "restart"), patch('"abcd"', "a=candidate:3")]);
  assert.deepEqual(
    [restarted.status, restarted.text, restarted.headers.get("etag")],
    [200, "a=ice-ufrag:new\r\n", '"new"'],
  );
  refusedAs(overtaken, 412, "precondition_failed");
  assert.ok(!asked.some(({ body }) => /[23]/.test(body)), "none of these went on to the router");
  const other = await control.another({ TRAX_WEBRTC_PORT: String(address.port) });
  assert.equal((await patch('"new"', "a=candidate:4", session, other.baseUrl)).status, 204, "at another control");
  refusedAs(await patch('"abcd"', "a=candidate:2", session, other.baseUrl), 412, "precondition_failed");
  away = true;
  refusedAs(await patch('"new"', "restart"), 503, "media_unavailable");
  away = false;
  refusedAs(await patch('"new"', "a=candidate:5"), 412, "precondition_failed");
  refusedAs(await patch('"new"', "none of these", session.replace("1b", "2c")), 404, "not_found");
  const ended = await control.call(session, { method: "DELETE" });
  assert.deepEqual([ended.status, ended.text], [200, ""]);
  assert.equal(asked.at(-1)?.line, `DELETE /in/${source.id}/whip/${secret}`);
  const unknown = `/whip/${source.id}/session/${secret.replace("1b", "2c")}`;
  refusedAs(await control.call(unknown, { method: "DELETE" }), 404, "not_found");
  refusedAs(await control.call(`/whip/${source.id}/session/x`, { method: "DELETE" }), 404, "not_found");
});

test("each endpoint takes its own tokens alone", async () => {
  const { id } = await ada.studio();
  const [source, other] = [await ada.source(id), await ada.source(id)];
  const [program, preview, ofSource] = [
    await play(id, {}),
    await play(id, { preview: true }),
    await play(id, { sourceId: source.id }),
  ];
  const tokens = {
    [`/whip/${source.id}`]: source.session.token,
    [`/whip/${other.id}`]: other.session.token,
    [pathOf(program.playback?.whep.url)]: program.token,
    [pathOf(preview.playback?.whep.url)]: preview.token,
    [pathOf(ofSource.playback?.whep.url)]: ofSource.token,
  };
  assert.deepEqual(Object.keys(tokens).slice(2), [`/whep/${id}`, `/whep/${id}/preview`, `/whep/${source.id}`]);
  for (const path of Object.keys(tokens)) {
    for (const [of, token] of Object.entries(tokens)) {
      const answer = await offer(path, token);
      if (of === path) assert.equal(answer.status, 201, `${path}: ${answer.text}`);
      else refusedAs(answer, 401, "unauthenticated");
    }
    const none = await offer(path, null);
    refusedAs(none, 401, "unauthenticated");
    assert.match(none.headers.get("www-authenticate") ?? "", /^Bearer/);
    refusedAs(await offer(path, "ply_guessed"), 401, "unauthenticated");
  }
  assert.equal((await ada.call("DELETE", `/v1/studios/${id}/media-sessions/${program.id}`)).status, 204);
  refusedAs(await offer(`/whep/${id}`, program.token), 401, "unauthenticated");
});

test("what is not for signalling is refused as the RFC has it, without plumbing", async () => {
  const { id } = await ada.studio();
  const source = await ada.source(id);
  const { token } = source.session;
  const path = `/whip/${source.id}`;
  for (const method of ["GET", "PUT", "PATCH", "DELETE"]) {
    const answer = await control.call(path, { method });
    refusedAs(answer, 405, "method_not_allowed");
    assert.equal(answer.headers.get("allow"), "OPTIONS, POST");
  }
  refusedAs(await control.call(`${path}/session/${secret}`, { method: "POST" }), 405, "method_not_allowed");
  refusedAs(await offer(path, token, "{}", "application/json"), 415, "unsupported_media_type");
  refusedAs(await offer(path, token, "x".repeat(70_000)), 413, "payload_too_large");
  refusedAs(await offer(path, token, ""), 400, "invalid_request");
  for (const unknown of [null, "pub_guessed"])
    refusedAs(await offer(path, unknown, "x".repeat(70_000), "application/json"), 401, "unauthenticated");
  for (const odd of [`/whip/${id}`, "/whip/x", `/whep/${source.id}/preview`, "/whep/in%2Fx", `/whip/${newId("scene")}`])
    refusedAs(await offer(odd, token), 404, "not_found");
  for (const [upstream, ours, code] of [
    [400, 400, "invalid_request"],
    [406, 400, "invalid_request"],
    [401, 401, "unauthenticated"],
    [500, 503, "media_unavailable"],
  ] as const) {
    status = upstream;
    const answer = await offer(path, token);
    refusedAs(answer, ours, code);
    assert.doesNotMatch(answer.text, /plumbing/);
    assert.equal(answer.headers.get("access-control-allow-origin"), "*", "a browser may read why");
  }
  status = 201;
});

test("a pre-flight is answered; TURN's password is told to who has a token", async () => {
  const source = await ada.source((await ada.studio()).id);
  const path = `/whip/${source.id}`;
  const preflight = await control.call(path, {
    method: "OPTIONS",
    headers: { origin: "https://example.com", "access-control-request-method": "POST" },
  });
  assert.equal(preflight.status, 204);
  assert.match(preflight.headers.get("access-control-allow-headers") ?? "", /Authorization/);
  assert.equal(preflight.headers.get("link"), null);
  const known = await control.call(path, { method: "OPTIONS", key: source.session.token });
  assert.match(known.headers.get("link") ?? "", /turn\.example\.com/);
});

test("a program that does not run is marked watched, and waited for; a source is not", async () => {
  const { id } = await ada.studio();
  const { token } = await play(id, {});
  await database.query(sql`delete from programs where studio_id = ${id}`);
  absentFor = 2;
  assert.equal((await offer(`/whep/${id}`, token)).status, 201);
  const [row] = await database.query<{ watched: boolean; preview: boolean }>(
    sql`select watched_until > now() + interval '20 seconds' as watched, preview_watched_until is not null as preview from programs where studio_id = ${id}`,
  );
  assert.deepEqual(row, { watched: true, preview: false });

  const source = await ada.source(id);
  const { token: sourceToken } = await play(id, { sourceId: source.id });
  absentFor = 1;
  refusedAs(await offer(`/whep/${source.id}`, sourceToken), 409, "conflict");
});

test("a source somebody publishes takes no second publisher, unless it says so", async () => {
  const { id } = await ada.studio();
  const source = await ada.source(id);
  for (const seen of ["online", "error"]) {
    await database.query(sql`update sources set status = ${seen} where id = ${source.id}`);
    refusedAs(await offer(`/whip/${source.id}`, source.session.token), 409, "conflict");
  }
  await ada.call("PATCH", `/v1/studios/${id}/sources/${source.id}`, { onConflict: "replace" });
  assert.equal((await offer(`/whip/${source.id}`, source.session.token)).status, 201);
});

test("too many are told to wait, and a router that is away is told of as that", async () => {
  const source = await ada.source((await ada.studio()).id);
  const limited = await control.another({ TRAX_RATE_LIMIT: "2/60", TRAX_WEBRTC_PORT: "1" });
  const ask = () =>
    control.call(`/whip/${source.id}`, {
      baseUrl: limited.baseUrl,
      method: "POST",
      key: source.session.token,
      headers: { "content-type": "application/sdp" },
      body: "v=0",
    });
  refusedAs(await ask(), 503, "media_unavailable");
  await ask();
  const answer = await ask();
  refusedAs(answer, 429, "rate_limited");
  assert.equal(answer.headers.get("access-control-allow-origin"), "*");
});
