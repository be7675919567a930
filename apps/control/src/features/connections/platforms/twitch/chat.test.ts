import assert from "node:assert/strict";
import { after, afterEach, test } from "node:test";
import { waitFor } from "@trax/peers";
import { startTwitch } from "@trax/peers/twitch/server";
import type { TwitchUser } from "@trax/peers/twitch/world";
import { PlatformError } from "../../platform.ts";
import { AdapterSession, ChatReading, openAdapter } from "../../testing/adapter.ts";
import { platform } from "./index.ts";

const twitch = await startTwitch({ keepaliveSeconds: 1 });
after(() => twitch.stop());
const { client, close } = openAdapter(platform, twitch.baseUrls);
after(close);
afterEach(() => {
  twitch.clearFaults();
  twitch.setSilent(false);
  twitch.requests.length = 0;
});

const subscriptions = "/helix/eventsub/subscriptions";
const scopes = ["user:read:chat", "user:write:chat"];
let users = 0;
const somebody = (name = "Ada", color = "#1E90FF"): TwitchUser =>
  twitch.addUser({ login: `user${++users}`, name, color });
const sessionOf = (user: TwitchUser): AdapterSession =>
  new AdapterSession(user.id, () => twitch.grant(user, scopes).accessToken);
const send = (user: TwitchUser, text: string, replyTo: string | null = null) =>
  (client.sendChat ?? assert.fail())(sessionOf(user), { text, replyTo, signal: AbortSignal.timeout(20_000) });

test("messages come with their author, emotes, mentions and what they answer", async () => {
  const [channel, chatter] = [somebody(), somebody("Bob", "")];
  await using reading = await ChatReading.open(client, sessionOf(channel));
  const first = twitch.say(channel, channel, "welcome");
  const badges = [
    { set_id: "moderator", id: "1", info: "" },
    { set_id: "subscriber", id: "12", info: "12" },
  ];
  twitch.say(channel, chatter, `🎬 Kappa hi @${channel.login} LUL`, { id: "m2", replyTo: first, badges });
  const [welcome, answer] = await reading.until(2);
  assert.ok(welcome?.kind === "message" && answer?.kind === "message");
  assert.deepEqual(welcome.author, {
    platformUserId: channel.id,
    name: "Ada",
    color: "#1E90FF",
    badges: ["broadcaster"],
    isModerator: false,
    isOwner: true,
  });
  const { sentAt, ...rest } = answer;
  assert.ok(Math.abs(Date.now() - sentAt.getTime()) < 60_000);
  const emote = (start: number, name: string, id: string) => ({
    start,
    end: start + name.length,
    name,
    url: `https://static-cdn.jtvnw.net/emoticons/v2/${id}/default/dark/1.0`,
  });
  assert.deepEqual(rest, {
    kind: "message",
    platformMessageId: "m2",
    author: {
      platformUserId: chatter.id,
      name: "Bob",
      color: null,
      badges: ["moderator", "subscriber"],
      isModerator: true,
      isOwner: false,
    },
    text: `🎬 Kappa hi @${channel.login} LUL`,
    // In UTF-16 units: the clapper is two.
    emotes: [emote(3, "Kappa", "25"), emote(`🎬 Kappa hi @${channel.login} `.length, "LUL", "425618")],
    replyTo: first,
  });
});

test("what is said with a resub or an announcement is a message of who says it; a raid alone is none", async () => {
  const [channel, chatter] = [somebody(), somebody("Bob")];
  await using reading = await ChatReading.open(client, sessionOf(channel));
  twitch.raid(channel, chatter);
  const resub = twitch.say(channel, chatter, "three months LUL", { notice: "resub" });
  twitch.say(channel, channel, "news", { id: "news", notice: "announcement" });
  twitch.repeatEvents(2);
  twitch.say(channel, chatter, "hi");
  const [first, second] = await reading.until(3);
  assert.ok(first?.kind === "message" && second?.kind === "message");
  assert.deepEqual([first.platformMessageId, first.text, first.author.name], [resub, "three months LUL", "Bob"]);
  assert.equal(first.emotes[0]?.name, "LUL");
  assert.deepEqual([second.platformMessageId, second.author.isOwner], ["news", true]);
  assert.deepEqual(reading.updates.length, 3);
});

test("what is taken back is told, also before it comes; what comes twice is given once", async () => {
  const [channel, rude] = [somebody(), somebody()];
  await using reading = await ChatReading.open(client, sessionOf(channel));
  twitch.holdEvents();
  twitch.say(channel, rude, "late", { id: "late" });
  twitch.deleteMessage(channel, rude, "late");
  twitch.releaseEvents("reversed");
  twitch.repeatEvents(2);
  twitch.clearUser(channel, rude);
  twitch.clearChat(channel);
  assert.deepEqual(await reading.until(4), [
    { kind: "deleted", platformMessageId: "late" },
    { ...reading.updates[1] },
    { kind: "author-removed", platformUserId: rude.id },
    { kind: "cleared" },
  ]);
  assert.deepEqual(reading.told, ["deleted", "late", "author-removed", "cleared"]);
});

test("asked to reconnect, it is on the new connection before it leaves the old one: none lost, none twice", async () => {
  const channel = somebody();
  await using reading = await ChatReading.open(client, sessionOf(channel));
  const [before] = twitch.sessions();
  const texts: string[] = [];
  const say = (): void => {
    texts.push(`m${texts.length}`);
    twitch.say(channel, channel, texts.at(-1) ?? "");
  };
  say();
  twitch.askToReconnect();
  say();
  await waitFor("the old connection is closed", () => {
    say();
    return twitch.sessions().length === 1 && twitch.sessions()[0] !== before;
  });
  say();
  await reading.until(texts.length);
  assert.deepEqual(reading.told, texts);
  assert.equal(twitch.requestsTo(subscriptions, "POST").length, 5, "what is subscribed to moves by itself");
  assert.equal(reading.end, undefined);
});

test("a reconnect that fails leaves the old connection until that is closed", async () => {
  const channel = somebody();
  await using reading = await ChatReading.open(client, sessionOf(channel));
  twitch.failNext({ path: "/ws", status: 503 });
  twitch.askToReconnect();
  await waitFor("the new connection is refused", () => twitch.requestsTo("/ws").some(({ status }) => status === 503));
  twitch.say(channel, channel, "still here");
  await reading.until(1);
  twitch.closeSockets(4004);
  const { kind, message } = await reading.ended();
  assert.deepEqual([kind, message], ["unavailable", "Twitch closed the connection of its events (4004)."]);
});

test("a connection that is lost, refused or says nothing any more ends reading, and leaves nothing open", async () => {
  const channel = somebody();
  for (const lose of [() => twitch.closeSockets(), () => twitch.closeSockets(4000), () => twitch.setSilent(true)]) {
    await using reading = await ChatReading.open(client, sessionOf(channel));
    lose();
    assert.equal((await reading.ended()).kind, "unavailable");
    twitch.setSilent(false);
    await waitFor("no connection is left", () => twitch.sessions().length === 0);
  }
  twitch.failNext({ path: "/ws", status: 503 });
  await using refused = new ChatReading(client, sessionOf(channel));
  assert.equal((await refused.ended()).kind, "unavailable");
});

test("a token that is over is renewed once; a withdrawn grant is told at once, from the socket too", async () => {
  const channel = somebody();
  const session = sessionOf(channel);
  twitch.expireAccessTokens();
  await using reading = await ChatReading.open(client, session);
  assert.equal(session.refusals.length, 1);
  twitch.withdraw(channel);
  const end = await reading.ended();
  assert.equal(session.refusals.length, 2);
  // This session is given another grant, so it is not over: then the connection is made anew.
  assert.deepEqual([end.kind, end.message], ["unavailable", "Twitch ended the subscription to the chat."]);
  const token = twitch.grant(channel, scopes).accessToken;
  const tokens = [token];
  await using last = await ChatReading.open(client, new AdapterSession(channel.id, () => tokens.pop() ?? null));
  twitch.withdraw(channel);
  assert.equal((await last.ended()).kind, "unauthorized");
});

test("an account that did not let TRaX read chat is told so; Twitch's trouble is Twitch's", async () => {
  const channel = somebody();
  const session = new AdapterSession(channel.id, () => twitch.grant(channel, []).accessToken);
  await using reading = new ChatReading(client, session);
  assert.equal((await reading.ended()).kind, "refused");
  for (const [status, kind] of [
    [429, "rate_limited"],
    [503, "unavailable"],
  ] as const) {
    twitch.failNext({ path: subscriptions, status, retryAfter: 7 });
    await using failing = new ChatReading(client, sessionOf(channel));
    const end = await failing.ended();
    assert.deepEqual([end.kind, end.retryAfterMs], [kind, 7_000]);
  }
});

test("what is sent comes back under the id that was answered", async () => {
  const channel = somebody();
  await using reading = await ChatReading.open(client, sessionOf(channel));
  const question = twitch.say(channel, channel, "?");
  const { platformMessageId } = await send(channel, "!", question);
  const [, echo] = await reading.until(2);
  assert.ok(echo?.kind === "message");
  assert.deepEqual([echo.platformMessageId, echo.replyTo, echo.author.isOwner], [platformMessageId, question, true]);
});

test("what Twitch does not show is refused in its words, and what it refuses as it means it", async () => {
  const channel = somebody();
  const refused = async (kind: PlatformError["kind"], words: RegExp, retryAfterMs: number | null = null) => {
    const error: unknown = await send(channel, "hello").catch((thrown: unknown) => thrown);
    assert.ok(error instanceof PlatformError);
    assert.deepEqual([error.kind, error.retryAfterMs], [kind, retryAfterMs]);
    assert.match(error.message, words);
  };
  twitch.dropNext({ code: "msg_duplicate", message: "Your message is identical to the previous one." });
  await refused("refused", /identical/u);
  const path = "/helix/chat/messages";
  twitch.failNext({ path, status: 429, retryAfter: 3 });
  await refused("rate_limited", /too often/u, 3_000);
  twitch.failNext({ path, status: 503 });
  await refused("unavailable", /503/u);
  twitch.failNext({ path, status: 401, times: 2 });
  await refused("unauthorized", /access/u);
  await assert.rejects(send(channel, "x".repeat(501)), { kind: "refused" });
  twitch.failNext({ path, status: 401 });
  assert.ok((await send(channel, "with another token")).platformMessageId !== null);
  twitch.failNext({ path, stall: true });
  const gone = AbortSignal.timeout(50);
  const stalled = client.sendChat?.(sessionOf(channel), { text: "x", replyTo: null, signal: gone });
  await assert.rejects(stalled ?? assert.fail(), { name: "TimeoutError" });
});
