import assert from "node:assert/strict";
import type { TestContext } from "node:test";
import { ChatMessage, ChatMessageList, ChatPlatforms } from "@trax/contract";
import { startIrcClient } from "@trax/peers/irc/irc-client";
import type { IrcClient } from "@trax/peers/irc/irc-client";
import { startNgircd } from "@trax/peers/irc/ngircd";
import type { Ngircd } from "@trax/peers/irc/ngircd";
import { readEvents } from "../src/event-reader.ts";
import type { EventReader } from "../src/event-reader.ts";
import { bearer } from "../src/http.ts";
import { at, textAt } from "../src/json.ts";
import { eventually } from "../src/media/eventually.ts";
import { granted, makeShow } from "../src/media/show.ts";
import type { Show } from "../src/media/show.ts";
import { afterAll, behaviour } from "../src/promise.ts";
import { freshAccount } from "../src/shared-account.ts";

// Chat end to end, with nothing made up in between: Debian's ngIRCd, and another
// client there, by irc-framework.

let servers: Promise<readonly [Ngircd, Ngircd]> | undefined;

function ngircds(): Promise<readonly [Ngircd, Ngircd]> {
  servers ??= Promise.all([startNgircd(), startNgircd()]);
  return servers;
}

afterAll(async () => {
  for (const server of (await servers) ?? []) await server.stop();
});

let shows = 0;

type Stage = {
  readonly show: Show;
  readonly channel: string;
  readonly nick: string;
  readonly connectionIds: readonly string[];
  readonly others: readonly IrcClient[];
  readonly reader: EventReader;
};

/** A studio that is in a channel of its own on each server, with somebody else in each, and one who watches. */
async function openStage(context: TestContext, on: readonly Ngircd[]): Promise<Stage> {
  const show = await makeShow(await freshAccount());
  shows += 1;
  const nick = `show${process.pid}x${shows}`;
  const channel = `#${nick}`;
  const connectionIds: string[] = [];
  const others: IrcClient[] = [];
  for (const server of on) {
    const other = await startIrcClient({ port: server.port, nick: `ada${process.pid}x${shows}`, channel });
    context.after(() => other.quit());
    others.push(other);
    const body = { platform: "irc", server: server.url, channel, nick };
    const linked = await show.account.ask("POST", "/v1/connections", body);
    connectionIds.push(textAt(granted(linked, 201), "id"));
  }
  granted(await show.ask("PUT", "/chat/platforms", { connectionIds }));
  const headers = bearer(show.account.key);
  const reader = await readEvents(show.account.instance, `/v1/studios/${show.studioId}/events`, headers);
  context.after(() => reader.close());
  await untilReading(show);
  return { show, channel, nick, connectionIds, others, reader };
}

async function untilReading(show: Show): Promise<void> {
  const read = async () => ChatPlatforms.parse(granted(await show.ask("GET", "/chat/platforms"))).platforms;
  await eventually("all are read", read, (platforms) => platforms.every(({ status }) => status === "reading"));
}

const list = async (show: Show): Promise<ChatMessage[]> =>
  ChatMessageList.parse(granted(await show.ask("GET", "/chat/messages"))).data;

const texts = async (show: Show): Promise<string[]> => (await list(show)).map(({ text }) => text);

const settled = (show: Show, id: string): Promise<ChatMessage | undefined> =>
  eventually(
    `${id} is settled`,
    async () => (await list(show)).find((message) => message.id === id),
    (message) => message?.deliveries.every(({ status }) => status !== "pending") ?? false,
  );

behaviour(
  "what somebody says on IRC is seen by who watches, and what is sent is heard there, once",
  async (context) => {
    const [server] = await ngircds();
    const { show, connectionIds, others, reader } = await openStage(context, [server]);
    const [other] = others;
    assert.ok(other !== undefined);
    other.say("hello from IRC, <b>bold</b> 🎬");
    await reader.until(1);
    const [message] = await list(show);
    assert.deepEqual([reader.events[0]?.type, at(reader.events[0]?.envelope, "data")], ["chat.message", message]);
    assert.deepEqual(
      [message?.text, message?.author.name, message?.platform, message?.connectionId, message?.direction],
      ["hello from IRC, <b>bold</b> 🎬", other.nick, "irc", connectionIds[0], "in"],
    );
    const answer = granted(await show.ask("POST", "/chat/messages", { text: "hello back" }), 201);
    await other.hears("hello back");
    const sent = await settled(show, textAt(answer, "id"));
    assert.deepEqual(
      sent?.deliveries.map(({ status, error }) => [status, error]),
      [["sent", null]],
    );
    // Something said after it: had an echo come, it would be there by now.
    other.say("and on");
    await eventually(
      "it has come",
      () => texts(show),
      (those) => those.includes("and on"),
    );
    assert.deepEqual(await texts(show), ["and on", "hello back", "hello from IRC, <b>bold</b> 🎬"]);
  },
);

behaviour("a text that is too long for IRC goes in parts, all of it", async (context) => {
  const [server] = await ngircds();
  const { show, others } = await openStage(context, [server]);
  const text = Array.from({ length: 120 }, (_, index) => `word${index}`).join(" ");
  const answer = granted(await show.ask("POST", "/chat/messages", { text }), 201);
  const sent = await settled(show, textAt(answer, "id"));
  assert.equal(sent?.deliveries[0]?.status, "sent");
  const all = () => others[0]?.heard.map((heard) => heard.text).join(" ") ?? "";
  await eventually("all of it is heard", all, (heard) => heard === text);
});

behaviour(
  "a server that freezes or goes away holds up no other, and is read again when it is back",
  async (context) => {
    const [one, two] = await ngircds();
    const { show, channel, nick, connectionIds, others } = await openStage(context, [one, two]);
    two.freeze();
    context.after(() => two.thaw());
    const answer = granted(await show.ask("POST", "/chat/messages", { text: "to both" }), 201);
    await others[0]?.hears("to both");
    others[0]?.say("still here");
    await eventually(
      "it has come",
      () => texts(show),
      (those) => those.includes("still here"),
    );
    const read = async () => (await list(show)).find(({ id }) => id === textAt(answer, "id"))?.deliveries ?? [];
    const statusOf = async (index: number) =>
      (await read()).find(({ connectionId }) => connectionId === connectionIds[index])?.status;
    await eventually(
      "the one is sent",
      () => statusOf(0),
      (status) => status === "sent",
    );
    two.thaw();
    await eventually(
      "the other is settled",
      () => statusOf(1),
      (status) => status !== "pending",
    );

    await one.goAway();
    await one.comeBack();
    const again = await startIrcClient({ port: one.port, nick: "again", channel });
    context.after(() => again.quit());
    await eventually(
      "it is in the channel",
      () => again.names(channel),
      (names) => names.includes(nick),
    );
    again.say("back again");
    await eventually(
      "it has come",
      () => texts(show),
      (those) => those.includes("back again"),
    );
  },
);
