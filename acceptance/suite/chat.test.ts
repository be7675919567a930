import assert from "node:assert/strict";
import { ChatMessage, ChatMessageList, ChatPlatforms } from "@trax/contract";
import { mintKey } from "../src/account.ts";
import { readEvents } from "../src/event-reader.ts";
import { bearer } from "../src/http.ts";
import { at } from "../src/json.ts";
import { granted, makeShow } from "../src/media/show.ts";
import type { Show } from "../src/media/show.ts";
import { behaviour, promise } from "../src/promise.ts";
import { assertRefused } from "../src/refusal.ts";
import { freshAccount } from "../src/shared-account.ts";
import { neverId } from "../src/world.ts";

// Chat without any platform: what is said here comes to those who are here.
// `chat-irc.test.ts` is about platforms.

const send = async (show: Show, text: string, more: object = {}): Promise<ChatMessage> =>
  ChatMessage.parse(granted(await show.ask("POST", "/chat/messages", { text, ...more }), 201));

const list = async (show: Show, query = ""): Promise<ChatMessage[]> =>
  ChatMessageList.parse(granted(await show.ask("GET", `/chat/messages${query}`))).data;

promise("sendChatMessage", "happy", "what is said is kept as it was said, by the account", async () => {
  const show = await makeShow(await freshAccount());
  for (const text of [
    "Hello everyone!",
    "<script>alert(1)</script> & 'q' \"q\"",
    "🎬 日本語 العربية",
    "x".repeat(2_000),
  ]) {
    const message = await send(show, text);
    const { id, sentAt, receivedAt, author, ...rest } = message;
    assert.match(id, /^msg_/);
    assert.ok(Math.abs(Date.parse(sentAt) - Date.parse(receivedAt)) < 1_000);
    assert.match(author.id, /^usr_/);
    assert.deepEqual(rest, {
      studioId: show.studioId,
      platform: null,
      connectionId: null,
      text,
      emotes: [],
      replyTo: null,
      direction: "out",
      deleted: false,
      deliveries: [],
    });
  }
  const control = await send(show, " a\u0007\nb ");
  assert.equal(control.text, "a  b");
  assert.equal((await send(show, "answer", { replyTo: control.id })).replyTo, control.id);
});

promise("sendChatMessage", "invalid_request", "connections and messages that are not this studio's", async () => {
  const show = await makeShow(await freshAccount());
  const other = await makeShow(show.account);
  const theirs = await send(other, "in another studio");
  for (const body of [
    { text: "x", connectionIds: [neverId("connections")] },
    { text: "x", replyTo: theirs.id },
    { text: "x", replyTo: neverId("messages") },
    { text: " \n " },
    { text: "x".repeat(2_001) },
  ]) {
    assertRefused(await show.ask("POST", "/chat/messages", body), "invalid_request", JSON.stringify(body).slice(0, 80));
  }
  assert.deepEqual(await list(show), []);
});

promise("listChatMessages", "happy", "newest first, by platform and since a time", async () => {
  const show = await makeShow(await freshAccount());
  assert.deepEqual(await list(show), []);
  const [one, two] = [await send(show, "one"), await send(show, "two")];
  assert.deepEqual(await list(show), [two, one]);
  assert.deepEqual(await list(show, `?since=${encodeURIComponent(two.receivedAt)}`), [two]);
  assert.deepEqual(await list(show, "?since=2020-01-01T00:00:00%2B02:00"), [two, one]);
  assert.deepEqual(await list(show, "?since=2999-01-01T00:00:00Z"), []);
  assert.deepEqual(await list(show, "?platform=twitch"), []);
});

promise("listChatMessages", "invalid_request", "a time that is none, a platform that cannot be one", async () => {
  const show = await makeShow(await freshAccount());
  for (const query of ["?since=yesterday", "?since=", "?platform=", "?platform=%00", "?platform=A", "?limit=0"])
    assertRefused(await show.ask("GET", `/chat/messages${query}`), "invalid_request", query);
});

promise("getChatPlatforms", "happy", "none, until some are enabled", async () => {
  const show = await makeShow(await freshAccount());
  assert.deepEqual(ChatPlatforms.parse(granted(await show.ask("GET", "/chat/platforms"))), {
    connectionIds: [],
    platforms: [],
  });
});

promise("setChatPlatforms", "happy", "an empty choice is one", async () => {
  const show = await makeShow(await freshAccount());
  assert.deepEqual(granted(await show.ask("PUT", "/chat/platforms", { connectionIds: [] })), {
    connectionIds: [],
    platforms: [],
  });
});

promise("setChatPlatforms", "invalid_request", "what is no connection of the account", async () => {
  const show = await makeShow(await freshAccount());
  for (const connectionIds of [[neverId("connections")], ["x"], [show.studioId], "x", null])
    assertRefused(await show.ask("PUT", "/chat/platforms", { connectionIds }), "invalid_request");
});

behaviour("what is said comes to those who may read chat, and to nobody else", async (context) => {
  const show = await makeShow(await freshAccount());
  const path = `/v1/studios/${show.studioId}/events`;
  const follow = async (scopes: readonly string[]) => {
    const { instance, session } = show.account;
    const secret = await mintKey(instance, session, { scopes });
    const reader = await readEvents(instance, path, bearer(secret));
    context.after(() => reader.close());
    return reader;
  };
  const [reader, other] = [await follow(["chat:read"]), await follow(["stream:read", "sources:read"])];
  const message = await send(show, "to whom it may concern");
  await reader.until(1);
  assert.deepEqual([reader.events[0]?.type, at(reader.events[0]?.envelope, "data")], ["chat.message", message]);
  assert.deepEqual(other.events, []);
});
