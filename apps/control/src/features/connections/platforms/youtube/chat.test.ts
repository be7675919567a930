import assert from "node:assert/strict";
import { after, afterEach, test } from "node:test";
import { waitFor } from "@trax/peers";
import { forceSsl, startYoutube } from "@trax/peers/youtube/server";
import type { Broadcast } from "@trax/peers/youtube/world";
import { PlatformError } from "../../platform.ts";
import { NotDone } from "../../not-done.ts";
import { AdapterSession, ChatReading, openAdapter } from "../../testing/adapter.ts";
import { openYouTube, platform } from "./index.ts";

const times = { quiet: 400, betweenStreams: 100, polling: 300 };
const youtube = await startYoutube({ pollingIntervalMillis: 100, quota: 1_000_000 });
after(() => youtube.stop());
const adapter = openAdapter({ ...platform, open: (context) => openYouTube(context, times) }, youtube.baseUrls);
const { client } = adapter;
after(() => adapter.close());
afterEach(() => {
  youtube.clearFaults();
  youtube.setSilent(false);
  youtube.requests.length = 0;
});

const messages = "/youtube/v3/liveChat/messages";
const streamPath = `${messages}/stream`;
const broadcasts = "/youtube/v3/liveBroadcasts";
type Channel = ReturnType<typeof youtube.addChannel>;
const sessionOf = (channel: Channel): AdapterSession =>
  // Each channel is a connection of its own.
  Object.assign(new AdapterSession(channel.id, () => youtube.grant(channel, [forceSsl]).accessToken), {
    connectionId: channel.id,
  });

function show(): { channel: Channel; session: AdapterSession; broadcast: Broadcast; chat: Broadcast["chat"] } {
  const channel = youtube.addChannel("Ada");
  const broadcast = youtube.startBroadcast(channel);
  return { channel, session: sessionOf(channel), broadcast, chat: broadcast.chat };
}

const send = (session: AdapterSession, text: string) =>
  (client.sendChat ?? assert.fail())(session, { text, replyTo: null, signal: AbortSignal.timeout(20_000) });

test("messages come with their author, Super Chats with their amount, and what is taken back is told", async () => {
  const { channel, session, chat } = show();
  const bob = { ...youtube.addChannel("Bob"), isModerator: true, isSponsor: true, isVerified: true };
  chat.say(channel, "in the history", "h1");
  await using reading = await ChatReading.open(client, session);
  chat.say(bob, "🎬 <b>hi</b>", "b1");
  chat.superChat(bob, "5000000", "EUR", "take this");
  chat.hold();
  chat.say(bob, "late", "late");
  chat.deleteMessage(channel, "late");
  chat.release("reversed");
  chat.repeat(1);
  chat.ban(channel, bob);
  await reading.until(7);
  assert.deepEqual(reading.told, [
    "in the history",
    "🎬 <b>hi</b>",
    "EUR 5.00 take this",
    "deleted",
    "late",
    "late",
    "author-removed",
  ]);
  const [owner, said] = reading.updates;
  assert.ok(owner?.kind === "message" && said?.kind === "message");
  assert.deepEqual([owner.author.isOwner, owner.author.isModerator, owner.author.badges], [true, false, ["owner"]]);
  assert.ok(Math.abs(Date.now() - said.sentAt.getTime()) < 60_000);
  assert.deepEqual(
    { ...said, sentAt: null },
    {
      kind: "message",
      platformMessageId: "b1",
      author: {
        platformUserId: bob.id,
        name: "Bob",
        color: null,
        badges: ["moderator", "member", "verified"],
        isModerator: true,
        isOwner: false,
      },
      text: "🎬 <b>hi</b>",
      emotes: [],
      replyTo: null,
      sentAt: null,
    },
  );
  assert.deepEqual(reading.updates[3], { kind: "deleted", platformMessageId: "late" });
  assert.deepEqual(reading.updates[6], { kind: "author-removed", platformUserId: bob.id });
});

test("a stream that ends, breaks or says nothing any more is opened again where it was: none lost, none twice", async () => {
  const { channel, session, chat } = show();
  await using reading = await ChatReading.open(client, session);
  const texts: string[] = [];
  const losses = [
    () => youtube.closeChatStreams("cut"),
    () => youtube.closeChatStreams("finished"),
    () => youtube.setSilent(true),
  ];
  for (const lose of losses) {
    lose();
    texts.push(`m${texts.length}`);
    chat.say(channel, texts.at(-1) ?? "");
    // What was missed comes with the next message, or to who asks anew.
    youtube.setSilent(false);
    await reading.until(texts.length);
  }
  assert.deepEqual(reading.told, texts);
  assert.equal(youtube.requestsTo(broadcasts).length, 1, "the broadcast is looked for once");
  assert.ok(youtube.requestsTo(streamPath).every(({ at }, index, all) => at - (all[index - 2]?.at ?? -Infinity) > 80));
});

test("where the stream does not work it is polled at the interval it tells, and the stream tried again later", async () => {
  const { channel, session, chat } = show();
  chat.say(channel, "before");
  const fault = youtube.failNext({ path: streamPath, status: 503, times: Infinity });
  await using reading = await ChatReading.open(client, session);
  await reading.until(1);
  chat.say(channel, "polled");
  await reading.until(2);
  const polls = youtube.requestsTo(messages, "GET");
  assert.ok(polls.length >= 2 && polls.every(({ status }) => status === 200), "never sooner than it may");
  fault.release();
  await waitFor("it is streamed again", () => youtube.chatStreams() === 1);
  chat.say(channel, "streamed");
  await reading.until(3);
  assert.deepEqual(reading.told, ["before", "polled", "streamed"]);
});

test("whoever reads next goes on where the last one was, without looking for the broadcast", async () => {
  const { channel, session, chat } = show();
  const reading = await ChatReading.open(client, session);
  chat.say(channel, "one");
  await reading.until(1);
  await reading[Symbol.asyncDispose]();
  chat.say(channel, "two");
  youtube.requests.length = 0;
  await using next = await ChatReading.open(client, session, reading.cursors.at(-1) ?? null);
  await next.until(1);
  assert.deepEqual(next.told, ["two"]);
  assert.deepEqual(youtube.requestsTo(broadcasts), []);
  // A page token that YouTube does not know any more costs nothing but the history again.
  const strange = JSON.stringify({ chat: chat.id, page: "nonsense", over: false });
  await using again = await ChatReading.open(client, session, strange);
  await again.until(2);
  assert.deepEqual(again.told, ["one", "two"]);
});

test("without a broadcast, and after it, nobody hammers; the next one is read from its beginning", async () => {
  const { channel, session, broadcast, chat } = show();
  await using reading = await ChatReading.open(client, session);
  chat.say(channel, "bye");
  youtube.endBroadcast(broadcast);
  const end = await reading.ended();
  assert.deepEqual([end.kind, end.retryAfterMs, reading.told], ["unavailable", 15_000, ["bye"]]);
  assert.equal(youtube.requestsTo(streamPath).length, 1);
  assert.equal(youtube.requestsTo(broadcasts).length, 2);
  const cursor = reading.cursors.at(-1) ?? null;
  youtube.requests.length = 0;
  await using none = new ChatReading(client, session, cursor);
  assert.equal((await none.ended()).kind, "unavailable");
  assert.deepEqual(
    youtube.requests.map(({ path }) => path),
    [broadcasts],
  );
  const second = youtube.startBroadcast(channel);
  second.chat.say(channel, "hello again");
  await using next = await ChatReading.open(client, session, cursor);
  await next.until(1);
  assert.deepEqual(next.told, ["hello again"]);
  // One that ended while nobody read, and the next is on.
  const before = next.cursors.at(-1) ?? null;
  await next[Symbol.asyncDispose]();
  youtube.endBroadcast(second);
  youtube.startBroadcast(channel).chat.say(channel, "third");
  await using third = await ChatReading.open(client, session, before);
  await waitFor("the third is read", () => third.told.includes("third"));
});

test("a token that is over is renewed once; what YouTube refuses is told as it means it", async () => {
  const { session } = show();
  youtube.expireAccessTokens();
  await using reading = await ChatReading.open(client, session);
  assert.equal(session.refusals.length, 1);
  const endOf = async (): Promise<PlatformError> => {
    await using failing = new ChatReading(client, show().session);
    return await failing.ended();
  };
  for (const [reason, kind] of [
    ["quotaExceeded", "quota_exhausted"],
    ["rateLimitExceeded", "rate_limited"],
    ["liveChatDisabled", "refused"],
  ] as const) {
    youtube.refuseNext(reason, { path: streamPath });
    assert.equal((await endOf()).kind, kind);
  }
  youtube.failNext({ path: streamPath, status: 429, retryAfter: 9 });
  const limited = await endOf();
  assert.deepEqual([limited.kind, limited.retryAfterMs], ["rate_limited", 9_000]);
  youtube.failNext({ path: streamPath, status: 404 });
  youtube.failNext({ path: messages, status: 503 });
  assert.equal((await endOf()).kind, "unavailable");
  assert.equal(reading.end, undefined, "the others are none of its business");
});

test("errors of a stream are understood in an array, too", async () => {
  await using wrapping = await (async () => {
    const server = await startYoutube({ wrapsStreamErrors: true });
    return { server, [Symbol.asyncDispose]: () => server.stop() };
  })();
  const { server } = wrapping;
  const other = openAdapter(platform, server.baseUrls);
  const channel = server.addChannel("Eve");
  const broadcast = server.startBroadcast(channel);
  server.endBroadcast(broadcast);
  const session = new AdapterSession(channel.id, () => server.grant(channel).accessToken);
  const cursor = JSON.stringify({ chat: broadcast.chat.id, page: null, over: false });
  await using reading = new ChatReading(other.client, session, cursor);
  assert.equal((await reading.ended()).message, "There is no broadcast on this YouTube channel now.");
  assert.equal(server.requestsTo(messages).length, 0, "it is not polled");
  other.close();
});

test("what is sent comes back under the id that was answered, and units are counted as YouTube does", async () => {
  const { session, broadcast } = show();
  const [ours, theirs] = [adapter.spent(), youtube.quotaUsed()];
  await using reading = await ChatReading.open(client, session);
  const { platformMessageId } = await send(session, "hello");
  await send(session, "world");
  const [echo] = await reading.until(2);
  assert.ok(echo?.kind === "message");
  assert.deepEqual([echo.platformMessageId, echo.text], [platformMessageId, "hello"]);
  assert.equal(adapter.spent() - ours, 1 + 5 + 50 + 50);
  assert.equal(youtube.quotaUsed() - theirs, adapter.spent() - ours);
  youtube.endBroadcast(broadcast);
  await reading.ended();
  await assert.rejects(send(session, "too late"), { kind: "refused", message: /none is on now/u });
});

test("a message that YouTube does not take is refused as it means it", async () => {
  const { session } = show();
  youtube.failNext({ path: /\/liveBroadcasts$/, status: 503, retryAfter: 1 });
  await assert.rejects(send(session, "x"), NotDone, "it was only looked for");
  await assert.rejects(send(session, "x".repeat(201)), { kind: "refused" });
  youtube.refuseNext("quotaExceeded", { path: messages });
  await assert.rejects(send(session, "x"), { kind: "quota_exhausted" });
  youtube.failNext({ path: messages, status: 429, retryAfter: 3 });
  await assert.rejects(send(session, "x"), { kind: "rate_limited", retryAfterMs: 3_000 });
  youtube.failNext({ path: messages, status: 503, retryAfter: 1 });
  await assert.rejects(send(session, "x"), { name: "PlatformError", kind: "unavailable" });
  youtube.failNext({ path: messages, status: 401 });
  assert.ok((await send(session, "with another token")).platformMessageId !== null);
});
