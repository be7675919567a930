import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { buffer } from "node:stream/consumers";
import { after, before, test } from "node:test";
import { waitFor } from "@trax/peers";
import { startKick } from "@trax/peers/kick/kick";
import type { Kick } from "@trax/peers/kick/kick";
import { openPlatformHttp } from "../../http.ts";
import type { ChatUpdate, PlatformClient } from "../../platform.ts";
import { AdapterSession, ChatReading, openAdapter } from "../../testing/adapter.ts";
import { openKickChat } from "./chat.ts";
import { withEmotes } from "./events.ts";
import { platform } from "./index.ts";

const never = new AbortController().signal;
const scopes = ["user:read", "chat:write", "events:subscribe"];
let kick: Kick;
let client: PlatformClient;
let close: () => void;
const posted: {
  readonly deliveryId: string;
  readonly platformUserId: string;
  readonly updates: readonly ChatUpdate[];
}[] = [];

// As the route of chat does: 204 for what is Kick's, 401 for what is not.
const receiver = createServer((request, response) => {
  void (async () => {
    const headers = Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)]));
    const found = await client.webhook?.({ headers, body: await buffer(request) }).catch(() => undefined);
    if (found) posted.push(found);
    response.writeHead(found === undefined ? 503 : found === null ? 401 : 204).end();
  })();
});

before(async () => {
  receiver.listen(0, "127.0.0.1");
  await once(receiver, "listening");
  const address = receiver.address();
  kick = await startKick({ webhookUrl: `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}/` });
  ({ client, close } = openAdapter(platform, kick.environment));
});
after(async () => {
  close();
  await kick.stop();
  receiver.close();
});

function link(name: string, granted = scopes) {
  const user = kick.addUser({ name });
  return { user, session: new AdapterSession(String(user.id), () => kick.grant(user, granted).accessToken) };
}

test("what is said, answered, and who is banned is told by signed posts while the chat is read", async () => {
  const { user, session } = link("Streamer");
  const ann = kick.addUser({ name: "Ann" });
  await using reading = await ChatReading.open(client, session);
  assert.deepEqual(kick.subscriptions.map(({ event }) => event).toSorted(), ["chat.message.sent", "moderation.banned"]);
  const first = kick.say(user, ann, "😀 [emote:37226:KEKW] hi [emote:1:]", {
    badges: [{ text: "Mod", type: "moderator" }],
  });
  await kick.delivered();
  kick.say(user, user, "hello", { replyTo: first });
  await kick.delivered();
  kick.ban(user, ann);
  await kick.delivered();
  assert.deepEqual(
    posted.map(({ platformUserId }) => platformUserId),
    Array.from({ length: 3 }, () => String(user.id)),
  );
  const [one, two, three] = posted.flatMap(({ updates }) => updates);
  assert.deepEqual(one, {
    kind: "message",
    platformMessageId: first.id,
    author: {
      platformUserId: String(ann.id),
      name: "Ann",
      color: "#FF5733",
      badges: ["moderator"],
      isModerator: true,
      isOwner: false,
    },
    text: "😀 KEKW hi 1",
    emotes: [
      { start: 3, end: 7, name: "KEKW", url: "https://files.kick.com/emotes/37226/fullsize" },
      { start: 11, end: 12, name: "1", url: "https://files.kick.com/emotes/1/fullsize" },
    ],
    replyTo: null,
    sentAt: one?.kind === "message" ? one.sentAt : null,
  });
  assert.ok(two?.kind === "message" && two.author.isOwner && two.replyTo === first.id);
  assert.deepEqual(three, { kind: "author-removed", platformUserId: String(ann.id) });
  assert.deepEqual(reading.updates, []);
});

test("an answer has the id that the post of it has; a reply goes to its message; what is not shown is told", async () => {
  const { user, session } = link("Sender");
  const original = kick.say(user, user, "original");
  const send = (text: string, replyTo: string | null = null) =>
    client.sendChat?.(session, { text, replyTo, signal: never });
  const sent = await send("an answer", original.id);
  const message = kick.messages.at(-1);
  assert.deepEqual([sent?.platformMessageId, message?.replyTo?.id], [message?.id, original.id]);
  await send("x".repeat(500));
  await assert.rejects(async () => send("x".repeat(501)), { kind: "refused" });
  kick.dropNext(1);
  await assert.rejects(async () => send("gone"), { kind: "refused", message: "Kick did not show the message." });
  kick.failNext({ path: "/public/v1/chat", status: 429, retryAfter: 3 });
  await assert.rejects(async () => send("much"), { kind: "rate_limited", retryAfterMs: 3_000 });
  kick.failNext({ path: "/public/v1/chat", status: 500 });
  await assert.rejects(async () => send("broken"), { kind: "unavailable" });
});

test("a token that is refused is renewed; without the leave of its owner nothing is read or sent", async () => {
  const { user } = link("Renewed");
  const tokens = ["stale", kick.grant(user, scopes).accessToken];
  const session = new AdapterSession(String(user.id), () => tokens.shift() ?? null);
  await client.sendChat?.(session, { text: "by the second", replyTo: null, signal: never });
  assert.deepEqual(session.refusals, ["stale"]);
  kick.revoke(user);
  await assert.rejects(async () => client.sendChat?.(session, { text: "x", replyTo: null, signal: never }), {
    kind: "unauthorized",
  });
  await assert.rejects(ChatReading.open(client, session), { kind: "unauthorized" });
  const without = link("Without", ["user:read"]).session;
  await assert.rejects(ChatReading.open(client, without), { kind: "refused", message: /read the chat: link/ });
});

test("subscriptions that Kick ended are made again, and a grant that is over ends reading", async () => {
  const { user } = link("Watched");
  const tokens = [kick.grant(user, scopes).accessToken];
  const session = new AdapterSession(String(user.id), () => tokens.shift() ?? null);
  const http = openPlatformHttp("Kick", []);
  const chat: PlatformClient = openKickChat(http, kick.environment["TRAX_KICK_API_URL"] ?? "", 20);
  await using reading = await ChatReading.open(chat, session);
  kick.unsubscribeApp();
  await waitFor("they are there again", () => kick.subscriptions.length === 2);
  kick.revoke(user);
  assert.equal((await reading.ended()).kind, "unauthorized");
  http.close();
});

test("what is forged, changed, too old or of the future is not genuine", async () => {
  const { user, session } = link("Guarded");
  await using _ = await ChatReading.open(client, session);
  const already = posted.length;
  const forge = (options: Parameters<Kick["forge"]>[3]) => kick.forge(user, user, "forged", options);
  assert.equal(await forge({ key: "another" }), 401);
  assert.equal(await forge({ sentAt: new Date(Date.now() - 360_000) }), 401);
  assert.equal(await forge({ sentAt: new Date(Date.now() + 360_000) }), 401);
  kick.say(user, user, "genuine");
  await kick.delivered();
  const delivery = kick.deliveries.at(-1) ?? assert.fail();
  for (const changes of [
    { body: delivery.body.replace("genuine", "changed") },
    { id: "01JZZZZZZZZZZZZZZZZZZZZZZZ" },
    { timestamp: new Date().toISOString().replace("Z", "+00:00") },
    { signature: "" },
    { signature: "%%%" },
  ])
    assert.equal(await kick.replay(delivery, changes), 401, JSON.stringify(changes));
  assert.equal(await kick.replay(delivery), 204);
  assert.deepEqual(
    posted.slice(already).map(({ deliveryId }) => deliveryId),
    [delivery.id, delivery.id],
    "known by its id, which is stored",
  );
});

test("a new key is asked for when the old one does not fit, and forgers do not make Kick be asked much", async () => {
  const fresh = openAdapter(platform, kick.environment);
  const own = fresh.client;
  const old = client;
  client = own;
  const { user, session } = link("Rotated");
  await using _ = await ChatReading.open(client, session);
  const asked = () => kick.requestsTo("/public/v1/public-key").length;
  const start = asked();
  kick.say(user, user, "by the first key");
  await kick.delivered();
  kick.rotateKey();
  kick.say(user, user, "by the second key");
  await kick.delivered();
  assert.deepEqual(
    kick.deliveries.slice(-2).map(({ attempts }) => attempts),
    [[204], [204]],
  );
  for (let count = 0; count < 10; count += 1)
    assert.equal(await kick.forge(user, user, "forged", { key: "another" }), 401);
  assert.equal(asked() - start, 6);
  client = old;
  fresh.close();
});

test("emotes are found in the text, and nothing else is", () => {
  assert.deepEqual(withEmotes("[emote:x:y] [emote:1:a]b"), {
    text: "[emote:x:y] ab",
    emotes: [{ start: 12, end: 13, name: "a", url: "https://files.kick.com/emotes/1/fullsize" }],
  });
});
