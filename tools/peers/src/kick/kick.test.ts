import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type IncomingHttpHeaders, type Server } from "node:http";
import { text } from "node:stream/consumers";
import { after, before, beforeEach, test } from "node:test";
import { type Client, client as KickClient } from "@nekiro/kick-api";
import { field } from "../platform/call.ts";
import { type Kick, startKick } from "./kick.ts";
import { kicksdk } from "./kicksdk.ts";
import type { KickUser } from "./state.ts";

const redirectUri = "https://trax.invalid/callback";
const scopes = ["user:read", "channel:read", "channel:write", "chat:write", "streamkey:read", "events:subscribe"];

type Received = { readonly headers: IncomingHttpHeaders; readonly body: string };

let kick: Kick;
let owner: KickUser;
let viewer: KickUser;
let receiver: Server;
const received: Received[] = [];
const answers: number[] = [];

before(async () => {
  receiver = createServer((request, response) => {
    void text(request).then((body) => {
      received.push({ headers: request.headers, body });
      response.writeHead(answers.shift() ?? 204).end();
    });
  }).listen(0, "127.0.0.1");
  await once(receiver, "listening");
  const address = receiver.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  kick = await startKick({ webhookUrl: `http://127.0.0.1:${address.port}/kick` });
  owner = kick.addUser({ name: "Owner" });
  viewer = kick.addUser({ name: "Some Viewer" });
});
after(async () => {
  await kick.stop();
  receiver.close();
  receiver.closeAllConnections();
});
beforeEach(() => {
  received.length = 0;
});

function client(): Client {
  const { clientId, clientSecret } = kick.oauth.options;
  return new KickClient({ clientId, clientSecret, redirectUri, baseUrl: kick.origin, oauthUrl: kick.origin });
}

/** As a browser would: to Kick, and back to the app with a code. */
async function link(app: Client): Promise<{ code: string; codeVerifier: string }> {
  const pkce = app.generatePKCEParams();
  const answer = await fetch(app.getAuthorizationUrl(pkce, scopes), { redirect: "manual" });
  const location = new URL(answer.headers.get("location") ?? "");
  assert.equal(location.searchParams.get("state"), pkce.state);
  return { code: location.searchParams.get("code") ?? "", codeVerifier: pkce.codeVerifier };
}

test("@nekiro/kick-api links a user, reads and changes the channel, and chats", async () => {
  kick.consentAs(owner);
  const app = client();
  const token = await app.exchangeCodeForToken(await link(app));
  app.setToken(token);
  assert.equal(token.expiresIn, 7200);
  assert.deepEqual(token.scope?.split(" "), scopes);

  const [category] = await app.categories.getCategories({ q: "music" });
  assert.equal(category?.name, "Music");
  // This client reads JSON where Kick answers 204 without a body, as gokick and betterKickAPI know.
  await assert.rejects(app.channels.updateChannel({ stream_title: "Hi" }), { name: "KickNetworkError" });
  const [channel]: readonly unknown[] = await app.channels.getChannels();
  assert.equal(field(channel, "stream_title"), "Hi");
  assert.deepEqual(field(field(channel, "stream"), "key"), owner.stream.key);
  const others: readonly unknown[] = await app.channels.getChannels({ slug: [viewer.slug] });
  assert.equal(field(field(others[0], "stream"), "key"), "");

  const { chat } = app;
  const say = chat.postMessage.bind(chat);
  const sent = await say({ type: "user", broadcaster_user_id: owner.id, content: "hello" });
  assert.deepEqual(sent, { is_sent: true, message_id: kick.messages.at(-1)?.id });
  const tooLong = await fetch(`${kick.origin}/public/v1/chat`, {
    method: "POST",
    headers: { authorization: `Bearer ${token.accessToken}` },
    body: JSON.stringify({ type: "bot", content: "x".repeat(501) }),
  });
  assert.equal(tooLong.status, 400);
  kick.dropNext(1);
  assert.equal((await say({ type: "bot", content: "hello" })).is_sent, false);
});

test("without PKCE S256 nobody is let in, and a verifier must fit", async () => {
  kick.consentAs(owner);
  const app = client();
  const url = new URL(app.getAuthorizationUrl(app.generatePKCEParams(), scopes));
  url.searchParams.set("code_challenge_method", "plain");
  assert.equal((await fetch(url, { redirect: "manual" })).status, 400);
  const { code } = await link(app);
  await assert.rejects(app.exchangeCodeForToken({ code, codeVerifier: "another" }), { status: 400 });
});

test("kicksdk subscribes, and accepts what Kick sends and signs", async () => {
  const { accessToken: token } = kick.grant(owner, scopes);
  const endpoints = { api: `${kick.origin}/public/v1` };
  const events = [
    ["chat.message.sent", 1],
    ["moderation.banned", 1],
  ];
  const [subscribe] = await kicksdk([
    "public_api.subscribe_request",
    { token, broadcaster_user_id: owner.id, events, endpoints },
  ]);
  assert.ok(subscribe?.ok === true);
  assert.equal((await perform(subscribe.value)).status, 200);
  assert.deepEqual(
    kick.subscriptions.map((one) => one.event),
    ["chat.message.sent", "moderation.banned"],
  );

  const parent = kick.say(owner, owner, "Hello [emote:4148074:HYPERCLAP] [emote:37226:KEKW]");
  const badges = [{ text: "Moderator", type: "moderator" }];
  kick.say(owner, viewer, "grüße", { replyTo: parent, badges });
  kick.ban(owner, viewer, { expiresAt: new Date(Date.now() + 60_000) });
  kick.say(viewer, owner, "nobody subscribed to this");
  await kick.delivered();
  assert.equal(received.length, 3);
  assert.deepEqual(field(JSON.parse(received[0]?.body ?? ""), "emotes"), [
    { emote_id: "4148074", positions: [{ s: 6, e: 30 }] },
    { emote_id: "37226", positions: [{ s: 32, e: 49 }] },
  ]);

  const headers = { authorization: `Bearer ${token}` };
  const body = async (path: string): Promise<string> => (await fetch(`${kick.origin}${path}`, { headers })).text();
  const pem = String(field(field(JSON.parse(await body("/public/v1/public-key")), "data"), "public_key"));
  const results = await kicksdk(
    ...received.map(
      (one) => ["webhooks.verify", { public_key_pem: pem, headers: strings(one.headers), body: one.body }] as const,
    ),
    ["public_api.parse_channels", { status: 200, body: await body("/public/v1/channels") }],
    ["public_api.parse_subscriptions", { status: 200, body: await body("/public/v1/events/subscriptions") }],
    ["public_api.parse_public_key", { status: 200, body: await body("/public/v1/public-key") }],
  );
  assert.deepEqual(
    results.filter((one) => !one.ok),
    [],
  );
});

test("kicksdk refuses what is forged, changed or stale", async () => {
  kick.say(owner, viewer, "once");
  await kick.delivered();
  const delivery = kick.deliveries.at(-1);
  assert.ok(delivery !== undefined);
  await kick.replay(delivery);
  await kick.replay(delivery, { body: delivery.body.replace("once", "twice") });
  await kick.forge(owner, viewer, "psst", { key: "another" });
  await kick.forge(owner, viewer, "psst", { sentAt: new Date(Date.now() - 600_000) });
  const key = await fetch(`${kick.origin}/public/v1/public-key`);
  const pem = field(field(await key.json(), "data"), "public_key");
  const results = await kicksdk(
    ...received.map(
      (one) => ["webhooks.verify", { public_key_pem: pem, headers: strings(one.headers), body: one.body }] as const,
    ),
  );
  assert.deepEqual(
    results.map((one) => one.ok),
    [true, true, false, false, false],
  );
  assert.equal(received[0]?.headers["kick-event-message-id"], received[1]?.headers["kick-event-message-id"]);
});

test("a webhook that is not taken comes again, the same; held ones come in the order that is asked for", async () => {
  answers.push(500, 503);
  kick.say(owner, viewer, "again");
  await kick.delivered();
  assert.deepEqual(kick.deliveries.at(-1)?.attempts, [500, 503, 204]);
  assert.equal(new Set(received.map((one) => one.headers["kick-event-signature"])).size, 1);

  received.length = 0;
  kick.holdWebhooks();
  kick.say(owner, viewer, "first");
  kick.ban(owner, viewer);
  await kick.releaseWebhooks("reversed");
  assert.deepEqual(
    received.map((one) => one.headers["kick-event-type"]),
    ["moderation.banned", "chat.message.sent"],
  );
});

test("refresh rotates, a revoked user's tokens are dead, and faults come as they are told", async () => {
  const first = kick.grant(owner, scopes);
  const refresh = (token: string): Promise<Response> =>
    fetch(`${kick.origin}/oauth/token`, {
      method: "POST",
      body: new URLSearchParams({
        grant_type: "refresh_token",
        refresh_token: token,
        client_id: kick.oauth.options.clientId,
        client_secret: kick.oauth.options.clientSecret,
      }),
    });
  kick.failNext({ path: "/oauth/token", cut: "after" });
  await assert.rejects(refresh(first.refreshToken));
  assert.equal((await refresh(first.refreshToken)).status, 400);

  const second = kick.grant(owner, scopes);
  const users = (): Promise<Response> =>
    fetch(`${kick.origin}/public/v1/users`, { headers: { authorization: `Bearer ${second.accessToken}` } });
  kick.failNext({ path: "/public/v1/users", status: 429, retryAfter: 1 });
  assert.equal((await users()).status, 429);
  assert.equal((await users()).status, 200);
  kick.revoke(owner);
  assert.equal((await users()).status, 401);
  assert.deepEqual(kick.subscriptions, []);
});

async function perform(request: unknown): Promise<Response> {
  const headers = field(request, "headers");
  const pairs = Array.isArray(headers) ? headers.map(([name, value]) => [String(name), String(value)] as const) : [];
  return fetch(String(field(request, "url")), {
    method: String(field(request, "method")),
    headers: new Headers(pairs.map(([name, value]) => [name, value])),
    body: String(field(request, "body")),
  });
}

function strings(headers: IncomingHttpHeaders): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
}
