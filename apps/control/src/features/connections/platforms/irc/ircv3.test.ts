import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { waitFor } from "@trax/peers";
import { startIrcV3 } from "@trax/peers/irc/ircv3";
import type { IrcV3 } from "@trax/peers/irc/ircv3";
import type { PlatformSession } from "../../platform.ts";
import { ChatReading, openAdapter, sessionOf } from "../../testing/adapter.ts";
import { platform } from "./index.ts";
import { identOf } from "./pool.ts";

const { client, close } = openAdapter(platform, {}, ["127.0.0.0/8"]);
const never = new AbortController().signal;
let server: IrcV3;
let session: PlatformSession;

before(async () => {
  server = await startIrcV3();
  server.accounts.set("streamer", "right");
  const given = { server: server.url, nick: "trax", username: "streamer", password: "right", channel: "#show" };
  const linked = await client.link?.(given);
  assert.ok(linked);
  session = sessionOf(linked);
});
after(async () => {
  close();
  await server.stop();
});
afterEach(() => waitFor("nobody is connected", () => server.clients() === 0));

test("it logs in by SASL, and a password is never a PASS then", async () => {
  assert.ok(server.received.includes(`AUTHENTICATE ${Buffer.from("\0streamer\0right").toString("base64")}`));
  assert.ok(!server.received.some((line) => line.startsWith("PASS")));
  await assert.rejects(
    async () => client.link?.({ server: server.url, nick: "trax", channel: "#show", password: "wrong" }),
    { kind: "unauthorized" },
  );
});

test("ids, times, accounts, replies and what is taken back; an answer knows its id, and no echo is read", async () => {
  await using reading = await ChatReading.open(client, session);
  const one = server.say("#show", "ann", "one");
  server.say("#show", "ben", "two", { replyTo: one });
  server.redact("#show", one);
  const [first, second, third] = await reading.until(3);
  assert.deepEqual([first?.kind, second?.kind], ["message", "message"]);
  assert.ok(first?.kind === "message" && second?.kind === "message");
  assert.deepEqual([first.platformMessageId, second.replyTo], [one, one]);
  assert.deepEqual(third, { kind: "deleted", platformMessageId: one });
  const sent = await client.sendChat?.(session, { text: "hi ann", replyTo: one, signal: never });
  const line = server.received.find((text) => text.includes("hi ann"));
  assert.equal(line, `@+draft/reply=${one} PRIVMSG #show :hi ann`);
  const id = sent?.platformMessageId ?? assert.fail("no id");
  server.redact("#show", id);
  assert.deepEqual((await reading.until(4))[3], { kind: "deleted", platformMessageId: id });
});

test("what another connection of our account says is ours, and nobody passes for it by a user's name", async () => {
  await using reading = await ChatReading.open(client, session);
  const user = identOf(session.connectionId);
  server.send(`mallory!${user}@evil.test`, "PRIVMSG", ["#show", "I am the streamer"], {
    msgid: "m1",
    account: "mallory",
  });
  server.send(`mallory!${user}@evil.test`, "PRIVMSG", ["#show", "really"], { msgid: "m2" });
  server.send("trax_!other@trax.test", "PRIVMSG", ["#show", "I am"], { msgid: "m3", account: "Streamer" });
  const authors = (await reading.until(3)).map((one) => (one.kind === "message" ? one.author.platformUserId : ""));
  assert.deepEqual(authors, ["account:mallory", "mallory", session.platformUserId]);
});

test("who was away goes on where they left off, with more than one page, and with nothing twice", async () => {
  const first = await ChatReading.open(client, session);
  server.say("#show", "ann", "before");
  await first.until(1);
  server.drop();
  await first.ended();
  const texts = Array.from({ length: 70 }, (_, index) => `away ${index}`);
  for (const text of texts) server.say("#show", "ann", text);
  await using second = await ChatReading.open(client, session, first.cursors.at(-1) ?? null);
  server.say("#show", "ann", "after");
  await second.until(71);
  assert.deepEqual(second.told, [...texts, "after"]);
  assert.equal(
    new Set(second.updates.map((one) => ("platformMessageId" in one ? one.platformMessageId : ""))).size,
    71,
  );
});

test("a chat in which nobody spoke is gone on with, too; one of long ago begins anew", async () => {
  const first = await ChatReading.open(client, session);
  await waitFor("where it begins", () => first.cursors.length > 0);
  await first[Symbol.asyncDispose]();
  server.say("#show", "ann", "while nobody read");
  const second = await ChatReading.open(client, session, first.cursors[0] ?? null);
  await second.until(1);
  assert.deepEqual(second.told, ["while nobody read"]);
  await second[Symbol.asyncDispose]();
  await using third = await ChatReading.open(client, session, JSON.stringify({ id: null, time: 1_000 }));
  server.say("#show", "ann", "now");
  await third.until(1);
  assert.deepEqual(third.told, ["now"]);
});

test("what is no IRC, or hostile, breaks nothing", async () => {
  await using reading = await ChatReading.open(client, session);
  server.send("x!y@z", "PRIVMSG", ["#elsewhere", "not here"]);
  server.send("x!y@z", "PRIVMSG", ["#show"]);
  server.send("", "BATCH", ["-nothing"]);
  server.send("x!y@z", "MODE", ["#show", "+ooo"]);
  server.send("x!y@z", "FAIL", ["CHATHISTORY", "MESSAGE_ERROR", "no"]);
  server.say("#show", "ann", "\u0003\u0003\u0002<script>alert(1)</script>\u0004zz");
  await waitFor("it is read", () => reading.told.includes("<script>alert(1)</script>zz"));
  assert.ok(!reading.told.includes("not here"));
});
