import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { waitFor } from "@trax/peers";
import { startOwncast } from "@trax/peers/owncast/owncast";
import type { Owncast } from "@trax/peers/owncast/owncast";
import { openPlatformHttp } from "../../http.ts";
import type { Linked, PlatformClient } from "../../platform.ts";
import { ChatReading, openAdapter, sessionOf } from "../../testing/adapter.ts";
import { readBody } from "./body.ts";
import { openOwncastChat } from "./chat.ts";
import { platform } from "./index.ts";
import { openOwncastApi } from "./instance.ts";

const loopback = ["127.0.0.0/8"];
const { client, close } = openAdapter(platform, {}, loopback);
const never = new AbortController().signal;
let owncast: Owncast;
let links = 0;

before(async () => {
  owncast = await startOwncast({ name: "Ada's" });
});
after(async () => {
  close();
  await owncast.stop();
});

async function link(more: object = {}) {
  const integration = owncast.addIntegration("TRaX", ["CAN_SEND_MESSAGES"]);
  const linked: Linked | undefined = await client.link?.({
    url: `${owncast.url}/`,
    accessToken: integration.token,
    ...more,
  });
  assert.ok(linked);
  links += 1;
  return { integration, linked, session: { ...sessionOf(linked), connectionId: `cnx_${links}` } };
}

test("a token is tried by saying nothing, and what is wrong is told", async () => {
  const said = owncast.messages.length;
  const { linked } = await link();
  assert.deepEqual([linked.platformUserId, linked.accountName], [owncast.url, "Ada's"]);
  assert.equal(owncast.messages.length, said);
  const refused = { kind: "refused" };
  await assert.rejects(link({ accessToken: "wrong" }), { kind: "unauthorized" });
  const { token } = owncast.addIntegration("Silent", ["CAN_SEND_SYSTEM_MESSAGES"]);
  await assert.rejects(link({ accessToken: token }), { kind: "unauthorized" });
  for (const wrong of [
    { url: "nowhere" },
    { url: "ftp://x.example" },
    { url: `${owncast.url}/?a=b` },
    { accessToken: "" },
  ])
    await assert.rejects(link(wrong), refused);
  owncast.failNext({ path: "/api/config", status: 404 });
  await assert.rejects(link(), refused);
  const guarded = openAdapter(platform, {});
  await assert.rejects(async () => guarded.client.link?.({ url: owncast.url, accessToken: token }), refused);
  guarded.close();
});

test("what is said is text with its emoji in their places; what is hidden and who is banned is taken back", async () => {
  const { session, integration } = await link();
  await using reading = await ChatReading.open(client, session);
  const ann = owncast.addUser("Ann", { moderator: true });
  owncast.say(ann, "**hi** 👋 :owncast: <b>&amp;</b> a < b https://a.example/?b=1&c=2");
  const ben = owncast.addUser("Ben");
  const rude = owncast.say(ben, "rude");
  owncast.hide(rude);
  owncast.ban(ben);
  owncast.saySystem("from the *server*");
  const [one, , three] = await reading.until(4);
  assert.ok(one?.kind === "message");
  assert.equal(one.text, "hi 👋 :owncast: &amp; a < b https://a.example/?b=1&c=2");
  assert.deepEqual(one.emotes, [{ start: 6, end: 15, name: ":owncast:", url: `${owncast.url}/img/emoji/owncast.gif` }]);
  assert.deepEqual([one.author.name, one.author.badges, one.author.isModerator], ["Ann", ["moderator"], true]);
  assert.deepEqual(three, { kind: "deleted", platformMessageId: rude.id });
  assert.deepEqual(reading.told.slice(3), ["from the server"]);

  const sent = await client.sendChat?.(session, { text: "from *us*", replyTo: null, signal: never });
  assert.deepEqual(sent, { platformMessageId: null });
  const echo = (await reading.until(5))[4];
  assert.ok(echo?.kind === "message" && echo.isPerhapsOurs === true);
  assert.equal(echo.author.platformUserId, integration.user.id);
});

test("a chat that is lost is gone on with, as the same user, with what was said meanwhile and still is there", async () => {
  const { session } = await link();
  const ann = owncast.addUser("Ann");
  const first = await ChatReading.open(client, session);
  owncast.say(ann, "before");
  await first.until(1);
  owncast.dropChat();
  assert.equal((await first.ended()).kind, "unavailable");
  owncast.say(ann, "meanwhile");
  owncast.hide(owncast.say(ann, "meanwhile, and hidden"));
  const registered = owncast.requestsTo("/api/chat/register").length;
  const second = await ChatReading.open(client, session, first.cursors.at(-1) ?? null);
  owncast.say(ann, "after");
  await waitFor("what came after", () => second.told.includes("after"));
  assert.deepEqual(second.told, ["before", "meanwhile", "after"], "what was stored is stored once");
  assert.equal(owncast.requestsTo("/api/chat/register").length, registered);
  owncast.forgetUsers();
  owncast.dropChat();
  await second.ended();
  await using third = await ChatReading.open(client, session);
  owncast.say(owncast.addUser("Cid"), "to somebody new");
  await third.until(1);
  assert.equal(owncast.requestsTo("/api/chat/register").length, registered + 1);
});

test("a chat that is full, switched off, broken or silent is told so", async () => {
  const { session } = await link();
  owncast.disableChat(true);
  await assert.rejects(ChatReading.open(client, session), { kind: "unavailable", message: /full, or switched off/ });
  owncast.disableChat(false);
  owncast.failNext({ path: "/ws", status: 503 });
  await assert.rejects(ChatReading.open(client, session), { kind: "unavailable", message: /503/ });
  const http = openPlatformHttp("Owncast", loopback);
  const impatient: PlatformClient = openOwncastChat(openOwncastApi(http), loopback, { silence: 50, answer: 0 });
  const reading = await ChatReading.open(impatient, session);
  assert.match((await reading.ended()).message, /Nothing was heard/);
  http.close();
});

test("a token that was revoked ends sending, not reading; limits and trouble are told apart", async () => {
  const { session, integration } = await link();
  const send = () => client.sendChat?.(session, { text: "x", replyTo: null, signal: never });
  owncast.failNext({ path: "/api/integrations/chat/send", status: 429, retryAfter: 2 });
  await assert.rejects(async () => send(), { kind: "rate_limited", retryAfterMs: 2_000 });
  owncast.failNext({ path: "/api/integrations/chat/send", status: 500 });
  await assert.rejects(async () => send(), { kind: "unavailable" });
  owncast.revokeIntegration(integration);
  await assert.rejects(async () => send(), { kind: "unauthorized" });
});

test("title and stream key", async () => {
  const { session } = await link();
  const show = { title: "x", privacy: "public" } as const;
  await assert.rejects(async () => client.ingest?.(session, show), { kind: "refused", message: /streamKey/ });
  await assert.rejects(async () => client.setMetadata?.(session, { title: "Friday" }), { kind: "refused" });
  const admin = owncast.addIntegration("Admin");
  const all = (await link({ accessToken: admin.token, streamKey: "abc123" })).session;
  assert.deepEqual(await client.ingest?.(all, show), { url: "rtmp://127.0.0.1:1935/live", streamKey: "abc123" });
  await client.setMetadata?.(all, { title: "Friday" });
  assert.equal(owncast.streamTitle(), "Friday");
});

test("HTML of any kind becomes text", () => {
  const text = (html: string) => readBody(html, "https://live.example").text;
  assert.equal(text("<p>one</p>\n<p>two<br>three</p>"), "one \ntwo three");
  assert.equal(text("&lt;b&gt; &#34;q&#34; <b"), '<b> "q"');
  assert.equal(text("<script>alert(1)</script><style>x</style>after<img src=x>"), "after");
  assert.equal(readBody('<img alt="x" src="javascript:alert(1)">', "https://live.example").text, "x");
});
