import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { text } from "node:stream/consumers";
import { after, afterEach, before, test } from "node:test";
import { WebSocket } from "ws";
import { field } from "../platform/call.ts";
import { waitFor } from "../wait-for.ts";
import { type Owncast, startOwncast } from "./owncast.ts";

/*
 * No client of Owncast's is known to npm, PyPI or the Go proxy, so these hold
 * the fake to the published source (owncast/owncast) alone.
 */

let owncast: Owncast;
const sockets: WebSocket[] = [];

before(async () => {
  owncast = await startOwncast();
});
after(() => owncast.stop());
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.terminate();
  await waitFor("nobody is in the chat", () => owncast.chatClients() === 0);
});

async function json(answer: Response | Promise<Response>): Promise<unknown> {
  const body: unknown = await (await answer).json();
  return body;
}

function post(path: string, token: string, body: unknown): Promise<Response> {
  return fetch(`${owncast.url}${path}`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

type Reader = { readonly frames: string[]; readonly events: unknown[]; readonly token: string };

/** Comes into the chat, and waits for its first word. Throws where it is not let in. */
async function join(token?: string): Promise<Reader> {
  const accessToken =
    token ?? String(field(await json(fetch(`${owncast.url}/api/chat/register`, { method: "POST" })), "accessToken"));
  const reader: Reader = { frames: [], events: [], token: accessToken };
  const socket = new WebSocket(`${owncast.url.replace("http", "ws")}/ws?accessToken=${accessToken}`);
  sockets.push(socket);
  socket.on("message", (data) => {
    reader.frames.push(String(data));
    for (const line of String(data).split("\n")) reader.events.push(JSON.parse(line));
  });
  const errors: Error[] = [];
  socket.on("error", (error) => errors.push(error));
  await waitFor("the chat's first word", () => {
    for (const error of errors) throw error;
    return reader.events.length > 0;
  });
  return reader;
}

function types(reader: Reader): unknown[] {
  return reader.events.map((event) => field(event, "type"));
}

test("what is said comes as HTML, what is said at once in one message, and what is hidden is gone from history", async () => {
  const reader = await join();
  const user = owncast.addUser("Ann", { moderator: true });
  const hello = owncast.say(user, "**hi** <script>alert(1)</script> & :owncast: https://a.example/?b=1&c");
  owncast.say(user, "again");
  await waitFor("both", () => reader.events.length === 3);
  assert.equal(reader.frames.length, 2);
  assert.equal(
    field(reader.events[1], "body"),
    '<p><strong>hi</strong>  &amp; <img src="/img/emoji/owncast.gif" class="emoji" alt=":owncast:" title=":owncast:"> <a href="https://a.example/?b=1&amp;c" rel="nofollow noreferrer noopener" target="_blank">https://a.example/?b=1&amp;c</a></p>',
  );
  assert.deepEqual(field(field(reader.events[1], "user"), "scopes"), ["MODERATOR"]);

  owncast.hide(hello);
  owncast.rename(user, "Anna");
  await waitFor("both", () => reader.events.length === 5);
  assert.deepEqual(types(reader), ["CONNECTED_USER_INFO", "CHAT", "CHAT", "VISIBILITY-UPDATE", "NAME_CHANGE"]);
  assert.deepEqual(field(reader.events[3], "ids"), [hello.id]);
  const kept = await json(fetch(`${owncast.url}/api/chat?accessToken=${reader.token}`));
  assert.deepEqual(Array.isArray(kept) ? kept.map((message) => field(message, "body")) : null, ["<p>again</p>"]);
  assert.equal((await fetch(`${owncast.url}/api/chat`)).status, 401);
});

test("an integration sends with its scopes, and is answered 401 without them or once it is revoked", async () => {
  const reader = await join();
  const talker = owncast.addIntegration("Talker", ["CAN_SEND_MESSAGES"]);
  assert.deepEqual(await json(post("/api/integrations/chat/send", talker.token, { body: "from a bot" })), {
    success: true,
    message: "sent",
  });
  await waitFor("its echo", () => reader.events.length === 2);
  assert.deepEqual(field(reader.events[1], "user"), talker.user);
  assert.equal((await post("/api/integrations/chat/system", talker.token, { body: "x" })).status, 401);
  assert.equal((await post("/api/integrations/chat/send", talker.token, { body: "" })).status, 400);
  owncast.revokeIntegration(talker);
  assert.equal((await post("/api/integrations/chat/send", talker.token, { body: "x" })).status, 401);
});

test("a ban hides, tells and closes; who is unknown is told to register", async () => {
  const watcher = await join();
  const banned = await join();
  const [, info] = [watcher, banned].map((reader) => field(reader.events[0], "user"));
  const id = field(info, "id");
  sockets[1]?.send(JSON.stringify({ type: "CHAT", body: "rude" }));
  const rude = await waitFor("the message", () => owncast.messages.find((message) => message.user?.id === id));
  if (rude.user !== null) owncast.ban(rude.user);
  await waitFor("the ban", () => types(watcher).includes("CHAT_ACTION"));
  await waitFor("the error", () => types(banned).includes("ERROR_USER_DISABLED"));
  assert.ok(types(watcher).includes("VISIBILITY-UPDATE"));
  assert.deepEqual(types(await join(banned.token)), ["ERROR_USER_DISABLED"]);
  assert.deepEqual(types(await join("unknown")), ["ERROR_NEEDS_REGISTRATION"]);
});

test("a stalled chat says nothing, and then everything; a dropped one is gone; a full or disabled one refuses", async () => {
  const reader = await join();
  const user = owncast.addUser("Ben");
  owncast.stallChat();
  owncast.say(user, "one");
  owncast.say(user, "two");
  await fetch(`${owncast.url}/api/status`);
  assert.equal(reader.events.length, 1);
  owncast.resumeChat();
  await waitFor("both", () => reader.events.length === 3);
  owncast.dropChat();
  await waitFor("nobody is in the chat", () => owncast.chatClients() === 0);

  owncast.limitChat(0);
  await assert.rejects(join(reader.token), /200/);
  owncast.limitChat(Infinity);
  owncast.failNext({ path: "/ws", status: 503 });
  await assert.rejects(join(reader.token), /503/);
});

test("status, configuration and an owner's webhooks", async () => {
  const received: unknown[] = [];
  const receiver = createServer((request, response) => {
    void text(request).then((body) => {
      received.push(JSON.parse(body));
      response.end();
    });
  }).listen(0, "127.0.0.1");
  await once(receiver, "listening");
  const address = receiver.address();
  const url = `http://127.0.0.1:${address !== null && typeof address === "object" ? address.port : 0}/`;
  const create = (password: string, events: string[]): Promise<Response> =>
    fetch(`${owncast.url}/api/admin/webhooks/create`, {
      method: "POST",
      headers: { authorization: `Basic ${Buffer.from(`admin:${password}`).toString("base64")}` },
      body: JSON.stringify({ url, events }),
    });
  assert.equal((await create("wrong", ["CHAT"])).status, 401);
  assert.equal((await create(owncast.adminPassword, ["WHAT"])).status, 400);
  assert.equal((await create(owncast.adminPassword, ["CHAT", "STREAM_STARTED"])).status, 200);
  owncast.say(owncast.addUser("Cid"), "to all");
  owncast.setOnline(true);
  await waitFor("both webhooks", () => received.length === 2);
  assert.deepEqual(received.map((one) => field(one, "type")).sort(), ["CHAT", "STREAM_STARTED"]);
  receiver.close();
  receiver.closeAllConnections();

  assert.equal(field(await json(fetch(`${owncast.url}/api/status`)), "online"), true);
  assert.equal(field(await json(fetch(`${owncast.url}/api/config`)), "name"), owncast.name);
});
