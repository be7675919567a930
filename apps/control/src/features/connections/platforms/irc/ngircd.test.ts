import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { after, before, test } from "node:test";
import { getCACertificates, setDefaultCACertificates } from "node:tls";
import { waitFor } from "@trax/peers";
import { startIrcClient } from "@trax/peers/irc/irc-client";
import type { IrcClient } from "@trax/peers/irc/irc-client";
import { startNgircd } from "@trax/peers/irc/ngircd";
import type { Ngircd } from "@trax/peers/irc/ngircd";
import { NotDone } from "../../not-done.ts";
import { PlatformError } from "../../platform.ts";
import type { ChatUpdate, PlatformClient, PlatformSession } from "../../platform.ts";
import { ChatReading, openAdapter, sessionOf } from "../../testing/adapter.ts";
import { openIrcChat } from "./chat.ts";
import { platform } from "./index.ts";
import { IrcPool } from "./pool.ts";

// Against a server and a client that others wrote.

const loopback = ["127.0.0.0/8", "::1/128"];
const { client, close } = openAdapter(platform, {}, loopback);
const never = new AbortController().signal;
let server: Ngircd;
const clients: IrcClient[] = [];

before(async () => {
  server = await startNgircd();
});
after(async () => {
  close();
  for (const one of clients) await one.quit();
  await server.stop();
});

async function join(nick: string, channel: string): Promise<IrcClient> {
  const started = await startIrcClient({ port: server.port, nick, channel });
  clients.push(started);
  return started;
}

let links = 0;
async function link(channel: string): Promise<PlatformSession> {
  const linked = await client.link?.({ server: server.url, channel, nick: `on-${channel.slice(1)}` });
  assert.ok(linked);
  links += 1;
  return { ...sessionOf(linked), connectionId: `cnx_${links}` };
}

const refusal = (kind: string, words: RegExp) => (error: unknown) => {
  assert.ok(error instanceof PlatformError);
  assert.match(error.message, words);
  assert.equal(error.kind, kind);
  return true;
};

function messages(updates: readonly ChatUpdate[]): Extract<ChatUpdate, { kind: "message" }>[] {
  return updates.flatMap((update) => (update.kind === "message" ? [update] : []));
}

test("what others say is read, without formatting and with their standing; what is sent is heard, once", async () => {
  const ann = await join("ann", "#talk");
  const session = await link("#talk");
  await waitFor("the link has left", async () => (await ann.names("#talk")).join() === "ann");
  const reading = await ChatReading.open(client, session);
  ann.say("grüße \u0002fett\u0002 \u000304,02rot\u0003 👋");
  ann.say("\u0001ACTION winkt\u0001");
  ann.say("\u0001VERSION\u0001");
  const ben = await join("ben", "#talk");
  ben.say("hi");
  await reading.until(3);
  assert.deepEqual(reading.told, ["grüße fett rot 👋", "/me winkt", "hi"]);
  const [first, , last] = messages(reading.updates);
  assert.deepEqual(first?.author, {
    platformUserId: "ann",
    name: "ann",
    color: null,
    badges: ["operator"],
    isModerator: true,
    isOwner: false,
  });
  assert.deepEqual([last?.author.badges, last?.author.isModerator], [[], false]);
  ann.raw("MODE", "#talk", "+o", "ben");
  await waitFor("ben is one now", () => ben.names("#talk").then((names) => names.includes("ben")));
  ben.say("an operator");
  await reading.until(4);
  assert.deepEqual(messages(reading.updates)[3]?.author.badges, ["operator"]);

  const sent = await client.sendChat?.(session, { text: "from us", replyTo: "trax:none", signal: never });
  assert.equal(sent?.platformMessageId, null);
  assert.equal((await ben.hears("from us")).nick, "on-talk");
  assert.deepEqual(await ann.names("#talk"), ["ann", "ben", "on-talk"], "one connection for both");
  ann.say("last");
  await reading.until(5);
  assert.equal(reading.told[4], "last", "our own is not read");
  await reading[Symbol.asyncDispose]();
  await waitFor("it has left", async () => !(await ann.names("#talk")).includes("on-talk"));
});

test("it sends without reading, and what another node's connection said is known as ours", async () => {
  const cid = await join("cid", "#other");
  const session = await link("#other");
  const reading = await ChatReading.open(client, session);
  const other = openAdapter(platform, {}, loopback);
  const sent = await other.client.sendChat?.(session, { text: "by another node", replyTo: null, signal: never });
  assert.deepEqual(sent, { platformMessageId: null });
  const heard = await cid.hears("by another node");
  assert.equal(heard.nick, "on-other_");
  const [message] = messages(await reading.until(1));
  assert.equal(message?.author.platformUserId, session.platformUserId);
  other.close();
  await waitFor("the other node has left", async () => (await cid.names("#other")).length === 2);
  await reading[Symbol.asyncDispose]();
});

test("a line of the most bytes is taken whole", async () => {
  const dan = await join("dan", "#long");
  const session = await link("#long");
  const text = "🎉".repeat(80);
  await client.sendChat?.(session, { text, replyTo: null, signal: never });
  await dan.hears(text);
});

test("a nick that somebody has is tried again in another form, and taken back", async () => {
  const impostor = await join("on-nick", "#nick");
  const session = await link("#nick");
  const reading = await ChatReading.open(client, session);
  assert.deepEqual(await impostor.names("#nick"), ["on-nick", "on-nick_"]);
  const eve = await join("eve", "#nick");
  await impostor.quit();
  await waitFor("the nick is back", async () => (await eve.names("#nick")).join() === "eve,on-nick");
  eve.say("still here");
  await reading.until(1);
  await reading[Symbol.asyncDispose]();
});

test("who is put out is told by whom and why; who is banned, that it cannot come in", async () => {
  const fay = await join("fay", "#strict");
  const session = await link("#strict");
  const reading = await ChatReading.open(client, session);
  fay.raw("KICK", "#strict", "on-strict", "no bots here");
  const error = await reading.ended();
  assert.equal(error.kind, "refused");
  assert.match(error.message, /fay has put TRaX out of #strict\. It says: no bots here/);
  fay.raw("MODE", "#strict", "+b", "on-strict*!*@*");
  await waitFor("the ban", () =>
    link("#strict").then(
      () => false,
      () => true,
    ),
  );
  await assert.rejects(link("#strict"), refusal("refused", /#strict cannot be joined/));
  await assert.rejects(ChatReading.open(client, session), refusal("refused", /#strict cannot be joined/));
  fay.raw("MODE", "#strict", "-b", "on-strict*!*@*");
  fay.raw("MODE", "#strict", "+m");
  await waitFor("it is moderated", () =>
    client.sendChat?.(session, { text: "x", replyTo: null, signal: never }).then(
      () => false,
      () => true,
    ),
  );
  await assert.rejects(
    async () => client.sendChat?.(session, { text: "may I?", replyTo: null, signal: never }),
    refusal("refused", /does not take it/),
  );
});

test("a server that goes away ends reading, and it is read again when it is back", async () => {
  const session = await link("#away");
  const reading = await ChatReading.open(client, session);
  for (const one of clients.splice(0)) await one.quit();
  await server.goAway();
  assert.equal((await reading.ended()).kind, "unavailable");
  await assert.rejects(ChatReading.open(client, session), refusal("unavailable", /could not be reached/));
  await assert.rejects(async () => client.sendChat?.(session, { text: "x", replyTo: null, signal: never }), NotDone);
  await server.comeBack();
  const again = await ChatReading.open(client, session);
  (await join("gil", "#away")).say("back");
  await again.until(1);
  await again[Symbol.asyncDispose]();
});

test("a server that stalls is noticed", async () => {
  const session = await link("#stall");
  const pool = new IrcPool(loopback, { connecting: 5_000, silence: 200, answer: 300 });
  const impatient: PlatformClient = openIrcChat(pool);
  const reading = await ChatReading.open(impatient, session);
  server.freeze();
  try {
    assert.match((await reading.ended()).message, /does not answer any more/);
  } finally {
    server.thaw();
    pool.close();
  }
});

test("addresses are guarded, and what is wrong is told", async () => {
  const given = { server: server.url, channel: "#talk", nick: "trax" };
  const guarded = openAdapter(platform, {});
  await assert.rejects(async () => guarded.client.link?.(given), refusal("refused", /not on the public internet/));
  guarded.close();
  for (const wrong of [
    { server: "https://irc.example.com" },
    { server: `${server.url}/#talk` },
    { server: "irc://user:secret@127.0.0.1" },
    { channel: "talk" },
    { channel: "#a b" },
    { channel: "#a,#b" },
    { channel: `#${"x".repeat(100)}` },
    { nick: "a b" },
    { nick: "9lives" },
    { nick: "" },
  ])
    await assert.rejects(
      async () => client.link?.({ ...given, ...wrong }),
      refusal("refused", /./),
      JSON.stringify(wrong),
    );
  await assert.rejects(
    async () => client.link?.({ ...given, server: server.tlsUrl }),
    refusal("unavailable", /certificate cannot be trusted/),
  );
});

test("by TLS, the server's name is what its certificate has to be for", async () => {
  const usual = getCACertificates("default");
  setDefaultCACertificates([...usual, await readFile(server.caPath, "utf8")]);
  try {
    const given = { server: server.tlsUrl, channel: "#tls", nick: "trax" };
    assert.equal((await client.link?.(given))?.accountName, "trax in #tls (localhost)");
  } finally {
    setDefaultCACertificates(usual);
  }
});

test("a password is given as PASS where the server has no SASL", async () => {
  const closed = await startNgircd({ password: "right" });
  try {
    const given = { server: closed.url, channel: "#talk", nick: "trax" };
    await assert.rejects(
      async () => client.link?.({ ...given, password: "wrong" }),
      refusal("unauthorized", /password/),
    );
    const linked = await client.link?.({ ...given, password: "right" });
    assert.deepEqual(linked?.secrets, { password: "right", expiresAt: null });
    assert.doesNotMatch(JSON.stringify({ ...linked, secrets: null }), /right/);
  } finally {
    await closed.stop();
  }
});
