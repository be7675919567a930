import assert from "node:assert/strict";
import { after, before, beforeEach, test } from "node:test";
import { once } from "node:events";
import { setTimeout as delay } from "node:timers/promises";
import { WebSocket } from "ws";
import { waitFor } from "../wait-for.ts";
import { startTwitch, type Twitch } from "./server.ts";
import type { TwitchUser } from "./world.ts";

// What twurple does not show: Twitch's own words, codes and headers, at the documented paths.

let twitch: Twitch;
let streamer: TwitchUser;
let token: string;

before(async () => {
  twitch = await startTwitch({
    ingestUrl: "rtmp://127.0.0.1:1/app",
    keepaliveSeconds: 0.05,
    unusedMs: 300,
    reconnectMs: 300,
  });
});
after(() => twitch.stop());
beforeEach(() => {
  twitch.clearFaults();
  twitch.setSilent(false);
  streamer = twitch.addUser({ login: `streamer_${Math.random().toString(36).slice(2)}` });
  token = twitch.grant(streamer, ["user:read:chat", "user:write:chat"]).accessToken;
});

const api = (method: string, path: string, body?: unknown): Promise<Response> =>
  fetch(`${twitch.baseUrls["TRAX_TWITCH_API_URL"]}/${path}`, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      "client-id": twitch.clientId,
      ...(body === undefined ? {} : { "content-type": "application/json" }),
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });

type Frame = {
  metadata: { message_type: string; message_id: string };
  payload: { session?: { id: string; reconnect_url: string | null; status: string }; event?: { message_id?: string } };
};

type Client = { socket: WebSocket; frames: Frame[]; first: (type: string) => Promise<Frame> };

function connect(url = twitch.baseUrls["TRAX_TWITCH_EVENTSUB_URL"] ?? ""): Client {
  const socket = new WebSocket(url);
  const frames: Frame[] = [];
  socket.on("error", () => {});
  socket.on("message", (data) => frames.push(JSON.parse(String(data))));
  const first = (type: string): Promise<Frame> =>
    waitFor(`a ${type}`, () => frames.find((frame) => frame.metadata.message_type === type));
  return { socket, frames, first };
}

const subscribe = (sessionId: string, type = "channel.chat.message"): Promise<Response> =>
  api("POST", "eventsub/subscriptions", {
    type,
    version: "1",
    condition: { broadcaster_user_id: streamer.id, user_id: streamer.id },
    transport: { method: "websocket", session_id: sessionId },
  });

async function subscribed(): Promise<Client> {
  const client = connect();
  const welcome = await client.first("session_welcome");
  assert.equal((await subscribe(welcome.payload.session?.id ?? "")).status, 202);
  return client;
}

test("each refusal is a 401 in Twitch's words, and points are counted", async () => {
  const message = async (headers: Record<string, string>): Promise<unknown> => {
    const response = await fetch(`${twitch.origin}/helix/users`, { headers });
    assert.equal(response.status, 401);
    return response.json();
  };
  const said = (text: string): object => ({ error: "Unauthorized", status: 401, message: text });
  assert.deepEqual(await message({ "client-id": "x" }), said("OAuth token is missing"));
  assert.deepEqual(await message({ authorization: "Bearer no" }), said("Invalid OAuth token"));
  assert.deepEqual(
    await message({ authorization: `Bearer ${token}`, "client-id": "x" }),
    said("Client ID and OAuth token do not match"),
  );
  const ok = await api("GET", "users");
  assert.deepEqual([ok.headers.get("ratelimit-limit"), ok.headers.get("ratelimit-remaining")], ["800", "799"]);
  const key = await api("GET", `streams/key?broadcaster_id=${streamer.id}`);
  assert.deepEqual(await key.json(), said("Missing scope: channel:read:stream_key"));
});

test("without points a call is 429, and says when there are points again", async () => {
  twitch.drainRateLimit(0.2);
  const refused = await api("GET", "users");
  assert.deepEqual([refused.status, refused.headers.get("ratelimit-remaining")], [429, "0"]);
  assert.ok(Number(refused.headers.get("ratelimit-reset")) >= Date.now() / 1000 - 1);
  await waitFor("points again", async () => (await api("GET", "users")).ok);
});

test("a refresh whose answer is lost has rotated the token all the same, where tokens rotate", async () => {
  const rotating = await startTwitch({ rotatesRefreshTokens: true });
  try {
    const user = rotating.addUser({ login: "rotating" });
    const { refreshToken } = rotating.grant(user, []);
    const refresh = (): Promise<Response> =>
      fetch(`${rotating.baseUrls["TRAX_TWITCH_AUTH_URL"]}/token`, {
        method: "POST",
        body: new URLSearchParams({
          client_id: rotating.clientId,
          client_secret: rotating.clientSecret,
          grant_type: "refresh_token",
          refresh_token: refreshToken,
        }),
      });
    rotating.failNext({ path: "/oauth2/token", cut: "after" });
    await assert.rejects(refresh());
    assert.deepEqual(await (await refresh()).json(), {
      error: "Bad Request",
      status: 400,
      message: "Invalid refresh token",
    });
    assert.equal(rotating.requestsTo("/oauth2/token").length, 2);
  } finally {
    await rotating.stop();
  }
});

test("ingests have a default and templates for the key", async () => {
  const answer: unknown = await (await fetch(twitch.baseUrls["TRAX_TWITCH_INGEST_URL"] ?? "")).json();
  assert.match(JSON.stringify(answer), /"default":true.*"url_template":"rtmp:\/\/127.0.0.1:1\/app\/\{stream_key\}"/);
});

test("a message too long is refused, one dropped says why", async () => {
  const send = (message: string): Promise<Response> =>
    api("POST", "chat/messages", { broadcaster_id: streamer.id, sender_id: streamer.id, message });
  assert.equal((await send("x".repeat(501))).status, 422);
  assert.equal((await send("😀".repeat(500))).status, 200);
  twitch.dropNext({ code: "msg_rejected", message: "held by AutoMod" });
  assert.deepEqual(await (await send("rude")).json(), {
    data: [{ message_id: "", is_sent: false, drop_reason: { code: "msg_rejected", message: "held by AutoMod" } }],
  });
});

test("a subscription needs a session that is connected, and is made once", async () => {
  assert.equal((await subscribe("nothing")).status, 400);
  const client = connect();
  const session = (await client.first("session_welcome")).payload.session?.id ?? "";
  const made = await subscribe(session);
  assert.equal(made.status, 202);
  assert.deepEqual(await (await subscribe(session)).json(), {
    error: "Conflict",
    status: 409,
    message: "subscription already exists",
  });
  token = twitch.grant(streamer, []).accessToken;
  assert.equal((await subscribe(session, "channel.chat.clear")).status, 403);
  client.socket.terminate();
  await waitFor("the subscription is off", () => twitch.subscriptions().length === 0);
  token = twitch.grant(streamer, ["user:read:chat"]).accessToken;
  assert.match(await (await api("GET", "eventsub/subscriptions")).text(), /"status":"websocket_disconnected"/);
});

test("keepalives fill silence, and a socket that went silent says nothing while it stays open", async () => {
  const client = await subscribed();
  await client.first("session_keepalive");
  twitch.setSilent(true);
  const count = client.frames.length;
  twitch.say(streamer, streamer, "lost");
  await delay(150);
  assert.deepEqual([client.frames.length, client.socket.readyState], [count, WebSocket.OPEN]);
  client.socket.terminate();
});

test("a reconnect moves the subscriptions at the welcome; the old connection is closed with 4004 later", async () => {
  const old = await subscribed();
  twitch.askToReconnect();
  const url = (await old.first("session_reconnect")).payload.session?.reconnect_url ?? "";
  twitch.say(streamer, streamer, "to the old");
  const next = connect(url);
  await next.first("session_welcome");
  twitch.say(streamer, streamer, "to the new");
  await next.first("notification");
  const [code] = await once(old.socket, "close");
  assert.equal(code, 4004);
  assert.equal(old.frames.filter((frame) => frame.metadata.message_type === "notification").length, 1);
  const twice = connect(url);
  const [refused] = await once(twice.socket, "close");
  assert.equal(refused, 4007);
  next.socket.terminate();
});

test("a socket is closed when it is spoken to, and when nothing is subscribed on it", async () => {
  const idle = connect();
  const [unused] = await once(idle.socket, "close");
  assert.equal(unused, 4003);
  const speaking = await subscribed();
  speaking.socket.send("hello");
  const [spoken] = await once(speaking.socket, "close");
  assert.equal(spoken, 4001);
});

test("events held back come in the order that is wanted, and again with the same id", async () => {
  const client = connect();
  const session = (await client.first("session_welcome")).payload.session?.id ?? "";
  for (const type of ["channel.chat.message", "channel.chat.message_delete"])
    assert.equal((await subscribe(session, type)).status, 202);
  twitch.holdEvents();
  const id = twitch.say(streamer, streamer, "soon gone");
  twitch.deleteMessage(streamer, streamer, id);
  twitch.releaseEvents("reversed");
  twitch.repeatEvents();
  const notifications = await waitFor("three notifications", () => {
    const found = client.frames.filter((frame) => frame.metadata.message_type === "notification");
    return found.length >= 3 ? found : null;
  });
  assert.deepEqual(
    notifications.map((one) => [one.payload.event?.message_id, Object.hasOwn(one.payload.event ?? {}, "color")]),
    [
      [id, false],
      [id, true],
      [id, true],
    ],
  );
  assert.equal(notifications[1]?.metadata.message_id, notifications[2]?.metadata.message_id);
  client.socket.terminate();
});
