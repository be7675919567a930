import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { ChatMessage, ChatMessageList, ChatPlatforms } from "@trax/contract";
import type { EventEnvelope } from "@trax/contract";
import { startIrcV3 } from "@trax/peers/irc/ircv3";
import { newAccount } from "../src/account.ts";
import type { Account } from "../src/account.ts";
import { bearer, send } from "../src/http.ts";
import { at, textAt } from "../src/json.ts";
import { linkAt } from "../src/linking.ts";
import { followEvents } from "../src/media/event-log.ts";
import type { EventLog } from "../src/media/event-log.ts";
import { eventually } from "../src/media/eventually.ts";
import { atEnd, owned } from "../src/media/owned.ts";
import { granted, makeShow } from "../src/media/show.ts";
import type { Show } from "../src/media/show.ts";
import { startPlatformsInHand } from "../src/platforms-in-hand.ts";
import type { PlatformsInHand } from "../src/platforms-in-hand.ts";
import { afterAll, behaviour } from "../src/promise.ts";
import { startSecondNode } from "../src/second-node.ts";
import { noteSecret } from "../src/secrets.ts";

// Chat of platforms end to end: a Twitch, a YouTube and a Kick of our own, held
// elsewhere to what their best-known clients accept, and an Owncast.

let started: Promise<PlatformsInHand> | undefined;
const inHand = (): Promise<PlatformsInHand> => (started ??= startPlatformsInHand());
afterAll(async () => (await started)?.stop());

let people = 0;

async function linkTwitch(account: Account) {
  const { twitch } = await inHand();
  const channel = twitch.addUser({ login: `streamer${++people}`, name: "Streamer", color: "#9146FF" });
  twitch.decide({ kind: "consent", userId: channel.id });
  return { channel, id: await linkAt(account, "twitch") };
}

async function linkYoutube(account: Account) {
  const { youtube } = await inHand();
  const channel = youtube.addChannel(`Streamer ${++people}`);
  const broadcast = youtube.startBroadcast(channel);
  youtube.decide({ kind: "consent", userId: channel.id });
  return { channel, broadcast, id: await linkAt(account, "youtube") };
}

async function linkKick(account: Account) {
  const { kick } = await inHand();
  const channel = kick.addUser({ name: `Streamer ${++people}` });
  kick.consentAs(channel);
  return { channel, id: await linkAt(account, "kick") };
}

async function linkOwncast(account: Account) {
  const { owncast } = await inHand();
  const integration = owncast.addIntegration("TRaX", ["CAN_SEND_MESSAGES"]);
  noteSecret(integration.token);
  const body = { platform: "owncast", url: owncast.url, accessToken: integration.token };
  const linked = granted(await account.ask("POST", "/v1/connections", body), 201);
  return { integration, id: textAt(linked, "id") };
}

type Watched = { readonly show: Show; readonly log: EventLog };

/** Enables them in the studio and watches until all are read. */
async function watch(context: TestContext, show: Show, connectionIds: readonly string[]): Promise<Watched> {
  granted(await show.ask("PUT", "/chat/platforms", { connectionIds }));
  const log = await followEvents(show.account, show.studioId);
  context.after(() => log.close());
  await eventually(
    "all are read",
    async () => ChatPlatforms.parse(granted(await show.ask("GET", "/chat/platforms"))).platforms,
    (platforms) => platforms.length === connectionIds.length && platforms.every(({ status }) => status === "reading"),
  );
  return { show, log };
}

const told = ({ log }: Watched, what: string, isIt: (event: EventEnvelope) => boolean): Promise<EventEnvelope> =>
  eventually(
    what,
    () => log.events.find(isIt),
    (event) => event !== undefined,
  ).then((event) => event ?? assert.fail(what));

const message = async (watched: Watched, text: string): Promise<ChatMessage> =>
  ChatMessage.parse(
    (await told(watched, text, ({ type, data }) => type === "chat.message" && data["text"] === text)).data,
  );

const list = async ({ show }: Watched): Promise<ChatMessage[]> =>
  ChatMessageList.parse(granted(await show.ask("GET", "/chat/messages?limit=100"))).data;

const say = async ({ show }: Watched, text: string, more: object = {}): Promise<ChatMessage> =>
  ChatMessage.parse(granted(await show.ask("POST", "/chat/messages", { text, ...more }), 201));

const texts = async (watched: Watched): Promise<string[]> => (await list(watched)).map(({ text }) => text);

const needsRelink = (watched: Watched, id: string): Promise<EventEnvelope> =>
  told(
    watched,
    "it has to be linked again",
    ({ type, data }) =>
      type === "connection.changed" && data["status"] === "needs_relink" && data["connectionId"] === id,
  );

/** The deliveries of a message, once this is so of those. */
const delivered = (
  watched: Watched,
  { id }: ChatMessage,
  isSo: (statuses: Readonly<Record<string, string>>) => boolean,
): Promise<Readonly<Record<string, string>>> =>
  eventually(
    "what becomes of it",
    async () => {
      const deliveries = (await list(watched)).find((one) => one.id === id)?.deliveries ?? [];
      return Object.fromEntries(deliveries.map(({ platform, status }) => [platform, status]));
    },
    isSo,
  );

behaviour(
  "Twitch: what is said there is shown here, and the other way round once; a withdrawn grant is left alone",
  async (context) => {
    const { twitch, instance } = await inHand();
    const show = await makeShow(await newAccount(instance));
    const { channel, id } = await linkTwitch(show.account);
    const watched = await watch(context, show, [id]);
    const bob = twitch.addUser({ login: `viewer${++people}`, name: "Bob" });
    twitch.say(channel, bob, "🎬 Kappa hi", { id: `m${people}` });
    const shown = await message(watched, "🎬 Kappa hi");
    assert.deepEqual(
      [shown.platform, shown.connectionId, shown.author.name, shown.direction, shown.emotes.map(({ start }) => start)],
      ["twitch", id, "Bob", "in", [3]],
    );

    const sent = await say(watched, "hello Twitch");
    assert.deepEqual(await delivered(watched, sent, ({ twitch: status }) => status !== "pending"), { twitch: "sent" });
    // What comes after our echo shows that it was not shown.
    twitch.say(channel, bob, "hello you");
    await message(watched, "hello you");
    assert.deepEqual(
      (await list(watched)).map(({ text }) => text),
      ["hello you", "hello Twitch", "🎬 Kappa hi"],
    );
    twitch.deleteMessage(channel, bob, `m${people}`);
    const deleted = await told(watched, "a deletion", ({ type }) => type === "chat.messages_deleted");
    assert.deepEqual(deleted.data["messageIds"], [shown.id]);

    twitch.requests.length = 0;
    twitch.withdraw(channel);
    await told(
      watched,
      "it has to be linked again",
      ({ type, data }) =>
        type === "connection.changed" && data["status"] === "needs_relink" && data["connectionId"] === id,
    );
    const asked = twitch.requests.map(({ path }) => path);
    const unsent = await say(watched, "to nobody");
    assert.deepEqual(await delivered(watched, unsent, ({ twitch: status }) => status !== "pending"), {
      twitch: "failed",
    });
    await eventually(
      "no connection is left",
      () => twitch.sessions(),
      (sessions) => sessions.length === 0,
    );
    assert.deepEqual(
      twitch.requests.map(({ path }) => path),
      asked,
      "nobody asks Twitch any more",
    );
    assert.deepEqual(asked, ["/oauth2/token", "/oauth2/token"]);
  },
);

behaviour("YouTube: a broadcast's chat, from where it is joined to its end", async (context) => {
  const { youtube, instance } = await inHand();
  const show = await makeShow(await newAccount(instance));
  const { channel, broadcast, id } = await linkYoutube(show.account);
  const bob = youtube.addChannel("Bob");
  const watched = await watch(context, show, [id]);
  broadcast.chat.say(bob, "hi <b>there</b>");
  const shown = await message(watched, "hi <b>there</b>");
  assert.deepEqual([shown.platform, shown.connectionId, shown.author.name], ["youtube", id, "Bob"]);
  const sent = await say(watched, "hello YouTube");
  assert.deepEqual(await delivered(watched, sent, ({ youtube: status }) => status !== "pending"), { youtube: "sent" });
  youtube.closeChatStreams("cut");
  broadcast.chat.superChat(bob, "2000000", "EUR", "for you");
  await message(watched, "EUR 2.00 for you");
  assert.deepEqual(
    (await list(watched)).map(({ text }) => text),
    ["EUR 2.00 for you", "hello YouTube", "hi <b>there</b>"],
  );
  assert.equal(at((await show.account.ask("GET", `/v1/connections/${id}`)).json, "quota", "used"), youtube.quotaUsed());
  youtube.endBroadcast(broadcast);
  const platforms = await eventually(
    "it waits for the next broadcast",
    async () => ChatPlatforms.parse(granted(await show.ask("GET", "/chat/platforms"))).platforms,
    (all) => all.every(({ status }) => status === "waiting"),
  );
  assert.match(platforms[0]?.lastError?.message ?? "", /no broadcast/u);
  assert.equal(channel.title, platforms[0]?.accountName);
});

behaviour("one message to both while Twitch stalls: YouTube has it at once", async (context) => {
  const { twitch, instance } = await inHand();
  const show = await makeShow(await newAccount(instance));
  const ids = [(await linkTwitch(show.account)).id, (await linkYoutube(show.account)).id];
  const watched = await watch(context, show, ids);
  const stall = twitch.failNext({ path: "/helix/chat/messages", stall: true });
  const sent = await say(watched, "hello both");
  const half = await delivered(watched, sent, ({ youtube: status }) => status !== "pending");
  assert.deepEqual(half, { youtube: "sent", twitch: "pending" });
  stall.release();
  const whole = await delivered(watched, sent, ({ twitch: status }) => status !== "pending");
  assert.deepEqual(whole, { youtube: "sent", twitch: "sent" });
});

behaviour("Kick: its signed posts are shown once, and nobody else's", async (context) => {
  const { kick, instance } = await inHand();
  const show = await makeShow(await newAccount(instance));
  const { channel, id } = await linkKick(show.account);
  const watched = await watch(context, show, [id]);
  const ann = kick.addUser({ name: `Ann ${++people}` });
  const said = kick.say(channel, ann, "hi [emote:37226:KEKW]");
  const shown = await message(watched, "hi KEKW");
  assert.deepEqual(
    [shown.platform, shown.author.name, shown.author.color, shown.emotes.map(({ start, end }) => [start, end])],
    ["kick", ann.name, "#FF5733", [[3, 7]]],
  );
  const sent = await say(watched, "hello Kick", { replyTo: shown.id });
  assert.deepEqual(await delivered(watched, sent, ({ kick: status }) => status !== "pending"), { kick: "sent" });
  assert.equal(kick.messages.at(-1)?.replyTo, said);

  await kick.delivered();
  const delivery = kick.deliveries[0] ?? assert.fail("nothing was posted");
  assert.equal(await kick.replay(delivery), 204, "a post that comes twice is taken, and shown once");
  assert.equal(await kick.replay(delivery, { body: delivery.body.replace("hi", "ha") }), 401);
  assert.equal(await kick.forge(channel, ann, "forged", { key: "another" }), 401);
  assert.equal(await kick.forge(channel, ann, "late", { sentAt: new Date(Date.now() - 600_000) }), 401);
  kick.holdWebhooks();
  kick.say(channel, ann, "one");
  kick.say(channel, ann, "two");
  kick.rotateKey();
  await kick.releaseWebhooks("reversed");
  kick.say(channel, channel, "by a new key");
  await message(watched, "by a new key");
  assert.deepEqual(await texts(watched), ["by a new key", "one", "two", "hello Kick", "hi KEKW"]);

  kick.ban(channel, ann);
  const deleted = await told(watched, "a ban", ({ type }) => type === "chat.messages_deleted");
  assert.ok(JSON.stringify(deleted.data["messageIds"]).includes(shown.id));
  kick.revoke(channel);
  const unsent = await say(watched, "to nobody");
  assert.deepEqual(await delivered(watched, unsent, ({ kick: status }) => status !== "pending"), { kick: "failed" });
  await needsRelink(watched, id);
});

behaviour("Owncast: a chat that breaks off is gone on with, and what is sent is shown once", async (context) => {
  const { owncast, instance } = await inHand();
  const show = await makeShow(await newAccount(instance));
  const { integration, id } = await linkOwncast(show.account);
  const watched = await watch(context, show, [id]);
  const ann = owncast.addUser("Ann");
  const rude = owncast.say(ann, "**hi** <script>x</script>&amp; :owncast:");
  const shown = await message(watched, "hi &amp; :owncast:");
  assert.deepEqual(
    [shown.platform, shown.author.name, shown.emotes.map(({ name }) => name)],
    ["owncast", "Ann", [":owncast:"]],
  );
  // Markdown comes back without its marks, and is known nevertheless.
  owncast.failNext({ path: "/api/integrations/chat/send", status: 429, retryAfter: 1 });
  const sent = await say(watched, "hello **Owncast**");
  assert.deepEqual(await delivered(watched, sent, ({ owncast: status }) => status !== "pending"), { owncast: "sent" });
  owncast.stallChat();
  owncast.hide(rude);
  owncast.say(ann, "after the stall");
  owncast.resumeChat();
  await message(watched, "after the stall");
  // A message that was taken back before it comes.
  const timestamp = new Date().toISOString();
  owncast.broadcast({ type: "VISIBILITY-UPDATE", id: "v", timestamp, ids: ["early"], visible: false });
  owncast.broadcast({ type: "CHAT", id: "early", timestamp, body: "<p>too late</p>", user: ann });
  await told(watched, "it comes as deleted", ({ type, data }) => type === "chat.message" && data["deleted"] === true);
  owncast.dropChat();
  owncast.say(ann, "meanwhile");
  await message(watched, "meanwhile");
  assert.deepEqual(await texts(watched), ["meanwhile", "", "after the stall", "hello **Owncast**", ""]);
  owncast.revokeIntegration(integration);
  const unsent = await say(watched, "to nobody");
  assert.deepEqual(await delivered(watched, unsent, ({ owncast: status }) => status !== "pending"), {
    owncast: "failed",
  });
  await needsRelink(watched, id);
});

behaviour(
  "a node that dies is followed by another: what is kept of the chat comes, once, and no token is renewed twice",
  async (context) => {
    const { instance, twitch, kick } = await inHand();
    const irc = owned(context, await startIrcV3());
    const node = await startSecondNode(instance);
    atEnd(context, node.kill);
    const show = await makeShow(await newAccount(instance));
    const { account, studioId } = show;
    const [{ channel, id: twitchId }, ircChannel] = [await linkTwitch(account), "#followed"];
    const body = { platform: "irc", server: irc.url, channel: ircChannel, nick: "streamer" };
    const connectionIds = [twitchId, textAt(granted(await account.ask("POST", "/v1/connections", body), 201), "id")];
    const readers = () => ({
      irc: irc.clients(),
      twitch: twitch
        .subscriptions()
        .filter(({ type, broadcasterId }) => type === "channel.chat.message" && broadcasterId === channel.id).length,
    });
    const askThere = async (method: string, path: string, json?: object) =>
      granted(
        await send(node.baseUrl, {
          method,
          path: `/v1/studios/${studioId}/chat/${path}`,
          headers: bearer(account.key),
          ...(json === undefined ? {} : { json }),
        }),
      );
    await node.alone(async () => {
      await askThere("PUT", "platforms", { connectionIds });
      await askThere("GET", "messages");
      await eventually(
        "that node reads both",
        async () => ChatPlatforms.parse(await askThere("GET", "platforms")).platforms,
        (platforms) => platforms.every(({ status }) => status === "reading"),
      );
    });
    const log = await followEvents(account, studioId);
    atEnd(context, log.close);
    const watched = { show, log };
    assert.deepEqual(readers(), { irc: 1, twitch: 1 });
    // A token that soon has to be renewed, by one node: Kick ends a grant whose refresh token is used twice.
    const { oauth } = kick;
    const usual = oauth.options.expiresIn;
    oauth.options.expiresIn = 3;
    const { id: kickId } = await linkKick(account).finally(() => (oauth.options.expiresIn = usual));
    kick.requests.length = 0;

    const said = Array.from({ length: 30 }, (_, index) => `said ${index}`);
    for (const text of said.slice(0, 15)) irc.say(ircChannel, "ann", text);
    await node.kill();
    for (const text of said.slice(15)) irc.say(ircChannel, "ann", text);
    const sent = await say(watched, "from the other node");
    assert.deepEqual(await delivered(watched, sent, (statuses) => !Object.values(statuses).includes("pending")), {
      irc: "sent",
      twitch: "sent",
    });
    await message(watched, "said 29");
    await eventually("Twitch is read", readers, (now) => now.twitch === 1);
    const renewals = () => kick.requests.filter(({ body: form }) => form.includes("grant_type=refresh_token")).length;
    await eventually("the token is renewed", renewals, (count) => count > 0);
    twitch.say(channel, channel, "and on");
    await message(watched, "and on");
    irc.say(ircChannel, "ann", "as before");
    await message(watched, "as before");
    assert.deepEqual(readers(), { irc: 1, twitch: 1 });
    const shown = (await list(watched)).map(({ text }) => text);
    assert.deepEqual(shown.filter((text) => text.startsWith("said ")).toReversed(), said);
    assert.equal(shown.length, said.length + 3, shown.join());
    const shownIds = log.events.filter(({ type }) => type === "chat.message").map(({ data }) => data["id"]);
    assert.equal(new Set(shownIds).size, shownIds.length);
    assert.equal(renewals(), 1);
    assert.equal(at((await account.ask("GET", `/v1/connections/${kickId}`)).json, "status"), "ok");
  },
);
