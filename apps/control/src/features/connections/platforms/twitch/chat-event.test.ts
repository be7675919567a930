import assert from "node:assert/strict";
import { test } from "node:test";
import { updateOf } from "./chat-event.ts";

const notification = (subscription_type: string, payload: unknown) =>
  updateOf({
    metadata: {
      message_id: "1",
      message_type: "notification",
      message_timestamp: "2026-01-01T10:00:00.123456789Z",
      subscription_type,
    },
    payload,
  });

const said = {
  broadcaster_user_id: "1",
  chatter_user_id: "2",
  chatter_user_login: "bob",
  chatter_user_name: "",
  message_id: "m",
  message: { text: "hi" },
};

test("a message without what it need not have is one", () => {
  const update = notification("channel.chat.message", { event: said });
  assert.ok(update?.kind === "message");
  assert.deepEqual([update.text, update.author.name, update.author.color, update.emotes], ["hi", "bob", null, []]);
  assert.equal(update.sentAt.toISOString(), "2026-01-01T10:00:00.123Z");
});

test("of what Twitch shows in chat itself, what its user says is a message; where nothing is said it is none", () => {
  const resub = {
    ...said,
    notice_type: "resub",
    system_message: "bob subscribed for 3 months",
    chatter_is_anonymous: false,
  };
  const update = notification("channel.chat.notification", { event: resub });
  assert.ok(update?.kind === "message");
  assert.deepEqual(
    [update.platformMessageId, update.text, update.author.name, update.replyTo],
    ["m", "hi", "bob", null],
  );
  const raid = { ...said, notice_type: "raid", message: { text: " ", fragments: [] } };
  assert.equal(notification("channel.chat.notification", { event: raid }), null);
});

test("what is not as Twitch documents it is left out", () => {
  const { message_id: _, ...incomplete } = said;
  for (const payload of [null, "x", {}, { event: null }, { event: incomplete }, { event: { ...said, message: [] } }])
    assert.equal(notification("channel.chat.message", payload), null);
  assert.equal(notification("channel.chat.message_delete", { event: {} }), null);
  assert.equal(notification("channel.follow", { event: said }), null);
  assert.equal(notification("constructor", { event: said }), null);
});
