import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import type { RequestListener } from "node:http";
import { after, test } from "node:test";
import type { TestContext } from "node:test";
import { Secret } from "@trax/foundation/secret";
import { openPlatformHttp } from "./http.ts";
import { NotDone } from "./not-done.ts";
import { PlatformError } from "./platform.ts";
import type { HttpRequest } from "./platform.ts";

const http = openPlatformHttp("Here", ["127.0.0.0/8"]);
after(() => http.close());

async function serve(context: TestContext, answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, "127.0.0.1");
  await once(server, "listening");
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  return `http://127.0.0.1:${typeof address === "object" && address !== null ? address.port : 0}`;
}

async function failure(request: HttpRequest): Promise<PlatformError> {
  const error: unknown = await http.json(request).then(
    () => assert.fail("it was answered"),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof PlatformError, String(error));
  return error;
}

test("what a status means, and when to ask again", async (context) => {
  let [status, headers]: [number, Record<string, string>] = [500, {}];
  const url = await serve(context, (_request, response) => response.writeHead(status, headers).end("{}"));
  const reset = String(Math.round(Date.now() / 1_000) + 30);
  for (const [given, sent, kind, least] of [
    [401, {}, "unauthorized", null],
    [403, {}, "refused", null],
    [404, {}, "refused", null],
    [429, { "retry-after": "7" }, "rate_limited", 7_000],
    [429, { "retry-after": new Date(Date.now() + 60_000).toUTCString() }, "rate_limited", 50_000],
    [429, { "ratelimit-reset": reset }, "rate_limited", 25_000],
    [429, {}, "rate_limited", null],
    [503, { "ratelimit-reset": reset }, "unavailable", null],
    [502, { "retry-after": "99999999" }, "unavailable", 3_600_000],
    [302, { location: "http://127.0.0.1:9/" }, "refused", null],
  ] as const) {
    [status, headers] = [given, sent];
    const error = await failure({ method: "GET", url });
    assert.equal(error.kind, kind, String(given));
    if (least === null) assert.equal(error.retryAfterMs, null, String(given));
    else assert.ok(error.retryAfterMs !== null && error.retryAfterMs >= least && error.retryAfterMs <= 3_600_000);
  }
});

test("words are the platform's, in one line, and never a secret that was sent", async (context) => {
  const url = await serve(context, (request, response) => {
    const message = `No.\r\n\u202e${request.headers.authorization ?? ""} s3cret-form ${"x".repeat(500)}`;
    response.writeHead(403).end(JSON.stringify({ error: { message } }));
  });
  const form = { client_secret: new Secret("s3cret-form"), x: "1" };
  const { message } = await failure({ method: "POST", url, bearer: new Secret("s3cret-bearer"), form });
  assert.match(message, /^Here refuses it \(403\)\. It says: No\. Bearer \[secret\] \[secret\] x+$/u);
  assert.ok(message.length < 260);
});

test("whoever is silent, gone, endless or no JSON is unavailable, by the deadline", async (context) => {
  const silent = await serve(context, () => undefined);
  const late = await failure({ method: "GET", url: silent, deadlineMs: 50 });
  assert.deepEqual([late.kind, late.message], ["unavailable", "Here did not answer in time."]);
  const slow = await serve(context, (_request, response) => void response.writeHead(200).write("{"));
  assert.equal((await failure({ method: "GET", url: slow, deadlineMs: 50 })).kind, "unavailable");
  assert.equal((await failure({ method: "GET", url: "http://127.0.0.1:9/" })).message, "Here could not be reached.");
  const json = { "content-type": "application/json" };
  const endless = await serve(context, (_request, response) => {
    response.writeHead(200, json);
    const more = (): void => {
      while (!response.destroyed && response.write(Buffer.alloc(65_536, 0x20)));
    };
    response.on("drain", more);
    more();
  });
  assert.match((await failure({ method: "GET", url: endless })).message, /more than can be read/);
  const nonsense = await serve(context, (_request, response) => response.writeHead(200, json).end("<html>"));
  assert.match((await failure({ method: "GET", url: nonsense })).message, /no JSON/);
});

test("whoever was not reached has certainly done nothing; whoever was may have", async (context) => {
  const post = (url: string, more: Partial<HttpRequest> = {}) => failure({ method: "POST", url, json: {}, ...more });
  const silent = await serve(context, () => undefined);
  const cutting = await serve(context, (request) => request.socket.destroy());
  const busy = await serve(context, (_request, response) => response.writeHead(503, { "retry-after": "1" }).end());
  // It answers no TLS, so no request goes out.
  const noTls = silent.replace("http:", "https:");
  const given = new AbortController();
  for (const [error, isCertain] of [
    [await post("http://127.0.0.1:9/"), true],
    [await post("http://nowhere.invalid/", { guarded: true }), true],
    [await post(noTls, { deadlineMs: 100 }), true],
    [await post("http://127.0.0.1:9/", { signal: AbortSignal.abort() }), true],
    [await post(silent, { deadlineMs: 100 }), false],
    [await post(cutting), false],
    [await post(busy), false],
  ] as const)
    assert.deepEqual([error.kind, error instanceof NotDone], ["unavailable", isCertain], error.message);
  const arrived = Promise.withResolvers<void>();
  const url = await serve(context, () => arrived.resolve());
  const asked = http.json({ method: "POST", url, signal: given.signal });
  await arrived.promise;
  given.abort(new Error("enough"));
  await assert.rejects(asked, /enough/);
});

test("only what may be asked twice is asked again on a connection that had just been closed", async (context) => {
  const seen: string[] = [];
  const url = await serve(context, (request, response) => {
    seen.push(`${request.method ?? ""} ${request.url ?? ""}`);
    if (request.url === "/cut" && seen.length !== 3) request.socket.destroy();
    else response.end("{}");
  });
  await http.json({ method: "GET", url: `${url}/first` });
  await http.json({ method: "GET", url: `${url}/cut` });
  assert.deepEqual(seen, ["GET /first", "GET /cut", "GET /cut"]);
  assert.equal((await failure({ method: "POST", url: `${url}/cut` })).kind, "unavailable");
  assert.equal(seen.length, 4);
});

test("an address that a user gave leads nowhere but out, and not in the clear", async (context) => {
  const url = await serve(context, (_request, response) => response.end("{}"));
  assert.deepEqual(await http.json({ method: "GET", url, guarded: true }), {});
  const strict = openPlatformHttp("Here", []);
  context.after(() => strict.close());
  for (const inwards of [
    url,
    "http://localhost/",
    "http://10.0.0.1/",
    "http://[::1]/",
    "http://0x7f.1/",
    "http://93.184.216.34/",
  ]) {
    const asked = strict.json({ method: "GET", url: inwards, guarded: true });
    await assert.rejects(asked, (error) => error instanceof PlatformError && error.kind === "refused", inwards);
  }
  for (const odd of ["file:///etc/passwd", "x", "ftp://127.0.0.1/"])
    assert.equal((await failure({ method: "GET", url: odd, guarded: true })).kind, "refused");
});

test("a stream is read while it comes, past the deadline, until its reader ends it", async (context) => {
  const url = await serve(context, (_request, response) => {
    response.writeHead(200).write("one");
    setTimeout(() => response.write("two"), 80);
  });
  const ending = new AbortController();
  const body = await http.stream({ method: "GET", url, deadlineMs: 50, signal: ending.signal });
  const reader = body.getReader();
  const next = async (): Promise<string> => Buffer.from((await reader.read()).value ?? []).toString();
  assert.deepEqual([await next(), await next()], ["one", "two"]);
  ending.abort();
  await assert.rejects(reader.read());
});
