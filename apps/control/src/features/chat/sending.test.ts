import assert from "node:assert/strict";
import { after, beforeEach, test } from "node:test";
import type { ChatMessage } from "@trax/contract";
import { newId } from "@trax/foundation/ids";
import { waitFor } from "@trax/peers";
import sql from "sql-template-tag";
import { NotDone, NotLinked, PlatformError } from "../connections/index.ts";
import { claimDeliveries } from "./delivery-sql.ts";
import { sweepChat } from "./sweep.ts";
import { ChatStudio, startChatControl } from "../../testing/chat.ts";
import { EventReader } from "../../testing/event-reader.ts";
import { ScriptedPlatform, said } from "../../testing/scripted-platform.ts";
import { refusedAs } from "../../testing/shape.ts";
import { Tenant } from "../../testing/tenant.ts";

const platform = new ScriptedPlatform("scripted");
const control = await startChatControl(platform);
after(() => control[Symbol.asyncDispose]());
const { database } = control;

beforeEach(() => {
  platform.refusal = null;
  platform.send = () => Promise.resolve({ platformMessageId: null });
});

async function show(connections: number): Promise<{ studio: ChatStudio; ids: string[] }> {
  const studio = await ChatStudio.make(await Tenant.make(control), platform);
  const ids: string[] = [];
  for (let n = 0; n < connections; n++) ids.push(await studio.link());
  ids.sort();
  await studio.enable(...ids);
  return { studio, ids };
}

const statuses = ({ deliveries }: ChatMessage) => deliveries.map(({ status }) => status);
const codes = ({ deliveries }: ChatMessage) => deliveries.map(({ error }) => error?.code ?? null);
const isSettled = (message: ChatMessage) => !statuses(message).includes("pending");

test("a message is answered at once and sent to all; what becomes of it is told", async () => {
  const { studio, ids } = await show(2);
  const sent: string[] = [];
  platform.send = ({ connectionId }, { text }) => {
    sent.push(`${connectionId} ${text}`);
    return Promise.resolve({ platformMessageId: connectionId });
  };
  const { key } = studio.tenant.account;
  await using stream = await EventReader.open(control, key, `/v1/studios/${studio.studioId}/events`);
  const message = await studio.send(" hello ");
  assert.deepEqual([message.text, message.direction, statuses(message)], ["hello", "out", ["pending", "pending"]]);
  const told = [await stream.next(), await stream.next(), await stream.next()];
  assert.deepEqual(
    told.map((event) => event?.type),
    ["chat.message", "chat.message_updated", "chat.message_updated"],
  );
  assert.deepEqual(told[0]?.data, message);
  assert.deepEqual(
    sent.toSorted(),
    ids.map((id) => `${id} hello`),
  );
  const [shown] = await studio.list();
  assert.deepEqual(shown, told[2]?.data, "the last event is the last word");
  assert.deepEqual(statuses(message).length, 2);
  assert.ok(shown !== undefined && statuses(shown).every((status) => status === "sent"));
});

test("those that have to wait leave their places to others", async () => {
  const { studio, ids } = await show(2);
  const [waits = "", works = ""] = ids;
  const { accountId } = studio.tenant.account;
  const over = new Error("nothing of it stays");
  const given = database.transaction(async (tx) => {
    for (const [connectionId, notBefore] of [
      [waits, "infinity"],
      [works, null],
    ]) {
      const id = newId("message");
      await tx.query(sql`
        insert into chat_messages (id, account_id, studio_id, direction, author_id, author, text, sent_at, event_id)
        values (${id}, ${accountId}, ${studio.studioId}, 'out', 'x', '{}', 'x', now(), ${newId("event")})`);
      await tx.query(sql`
        insert into chat_deliveries (message_id, connection_id, platform, not_before)
        values (${id}, ${connectionId}, ${platform.name}, ${notBefore}::timestamptz)`);
    }
    const claims = await claimDeliveries(tx, "a node with room for one", 1);
    assert.deepEqual(
      claims.map(({ connectionId }) => connectionId),
      [works],
    );
    throw over;
  });
  await assert.rejects(given, over);
});

test("what platforms posted is known for a day, what they took back for as long as chat is kept", async () => {
  const { ids } = await show(1);
  const [connectionId = ""] = ids;
  await database.query(sql`
    insert into chat_webhook_deliveries (platform, delivery_id, created_at)
    values ('swept', 'old', now() - interval '25 hours'), ('swept', 'new', now() - interval '23 hours')`);
  await database.query(sql`
    insert into chat_removals (connection_id, platform_message_id, created_at)
    values (${connectionId}, 'old', now() - interval '169 hours'), (${connectionId}, 'new', now() - interval '167 hours')`);
  await sweepChat(database, new Date(), AbortSignal.timeout(60_000));
  const left = await database.query<{ id: string }>(sql`
    select delivery_id as id from chat_webhook_deliveries where platform = 'swept'
    union all select platform_message_id from chat_removals where connection_id = ${connectionId}`);
  assert.deepEqual(left, [{ id: "new" }, { id: "new" }]);
});

test("one that stalls, and one that refuses, hold up nobody else", async () => {
  const { studio, ids } = await show(3);
  const [stalls, refuses, works] = ids;
  const stalled = Promise.withResolvers<{ platformMessageId: null }>();
  platform.send = ({ connectionId }) => {
    if (connectionId === stalls) return stalled.promise;
    if (connectionId === refuses) return Promise.reject(new PlatformError("refused", "You are banned."));
    return Promise.resolve({ platformMessageId: null });
  };
  const first = await studio.send("one");
  const second = await studio.send("two", { connectionIds: [works] });
  const settled = await studio.until(second.id, isSettled);
  assert.deepEqual(statuses(settled), ["sent"]);
  const half = await studio.until(
    first.id,
    (message) => statuses(message).filter((one) => one === "pending").length === 1,
  );
  assert.deepEqual(statuses(half), ["pending", "refused", "sent"]);
  assert.equal(half.deliveries[1]?.error?.message, "You are banned.");
  stalled.resolve({ platformMessageId: null });
  assert.deepEqual(statuses(await studio.until(first.id, isSettled)), ["sent", "refused", "sent"]);
});

test("a platform's limits: split where it is, refused where it is not", async () => {
  const { studio } = await show(1);
  const parts: string[] = [];
  platform.send = (_session, { text }) => {
    parts.push(text);
    return Promise.resolve({ platformMessageId: null });
  };
  const split = await studio.send("a text of more than twenty characters");
  assert.deepEqual(statuses(await studio.until(split.id, isSettled)), ["sent"]);
  assert.deepEqual(parts, ["a text of more than", "twenty characters"]);
  platform.chat = { ...platform.chat, longer: "refuse" };
  const refused = await studio.send("a text of more than twenty characters");
  platform.chat = { ...platform.chat, longer: "split" };
  assert.deepEqual([statuses(refused), codes(refused)], [["refused"], ["too_long"]]);
});

test("tried again only where the platform certainly has not got it", async () => {
  const { studio } = await show(1);
  let tries = 0;
  platform.send = () => {
    tries++;
    if (tries === 1) return Promise.reject(new PlatformError("rate_limited", "Slow down.", 10));
    return Promise.resolve({ platformMessageId: null });
  };
  const limited = await studio.send("limited");
  assert.deepEqual(statuses(await studio.until(limited.id, isSettled)), ["sent"]);
  assert.equal(tries, 2);
  tries = 0;
  platform.send = () => {
    tries++;
    return Promise.reject(new PlatformError("unavailable", "It broke.", 10));
  };
  const broken = await studio.until((await studio.send("broken")).id, isSettled);
  assert.deepEqual([statuses(broken), codes(broken), tries], [["failed"], ["unavailable"], 1]);
  tries = 0;
  platform.send = () => {
    tries++;
    if (tries === 1) return Promise.reject(new NotDone("It could not be reached.", 10));
    return Promise.resolve({ platformMessageId: null });
  };
  const unreached = await studio.until((await studio.send("unreached")).id, isSettled);
  assert.deepEqual([statuses(unreached), tries], [["sent"], 2]);
  platform.refusal = new PlatformError("unauthorized", "It needs to be linked again.");
  const over = await studio.until((await studio.send("over")).id, isSettled);
  assert.deepEqual([statuses(over), codes(over)], [["failed"], ["unauthorized"]]);
  platform.refusal = new NotLinked();
  const unlinked = await studio.until((await studio.send("unlinked")).id, isSettled);
  assert.deepEqual([statuses(unlinked), codes(unlinked)], [["failed"], ["unlinked"]]);
});

test("what was in the hands of a node that died is told as failed, what waited is sent by another", async () => {
  const { studio, ids } = await show(1);
  // As a killed node leaves it: one claimed, one that waits behind it.
  const stalled = Promise.withResolvers<{ platformMessageId: null }>();
  platform.send = () => stalled.promise;
  const held = await studio.send("held");
  const waits = await studio.send("waits");
  const claimed = sql`select from chat_deliveries where message_id = ${held.id} and sending_by is not null`;
  await waitFor("it is begun", async () => (await database.query(claimed)).length > 0);
  const sent: string[] = [];
  platform.send = (_session, { text }) => {
    sent.push(text);
    return Promise.resolve({ platformMessageId: null });
  };
  await database.query(sql`
    update chat_deliveries set sending_by = 'dead', sending_until = now() - interval '1 s' where connection_id = ${ids[0]}
      and message_id = ${held.id}`);
  const failed = await studio.until(held.id, isSettled);
  assert.deepEqual([statuses(failed), codes(failed)], [["failed"], ["interrupted"]]);
  assert.deepEqual(statuses(await studio.until(waits.id, isSettled)), ["sent"]);
  stalled.resolve({ platformMessageId: null });
  assert.deepEqual(sent, ["waits"]);
  // Its echo proves that it had arrived.
  const reader = platform.reading.find(({ connectionId }) => connectionId === ids[0]);
  await reader?.take([said("held", { platformMessageId: "p1" }, { platformUserId: "self" })]);
  assert.deepEqual(statuses(await studio.until(held.id, (message) => statuses(message)[0] === "sent")), ["sent"]);
  assert.deepEqual(await studio.texts(), ["waits", "held"]);
});

test("our own message is shown once: the echo after the answer, before it, and where there are no ids", async () => {
  const { studio } = await show(1);
  await studio.list();
  const reader = await platform.reader(platform.readers.length);
  const echo = (text: string, platformMessageId: string) =>
    reader.take([said(text, { platformMessageId }, { platformUserId: "self" })]);

  platform.send = () => Promise.resolve({ platformMessageId: "id-1" });
  await studio.until((await studio.send("after")).id, isSettled);
  await echo("whatever the platform made of it", "id-1");

  platform.send = async (_session, { text }) => {
    await echo(`${text}  `, "id-2");
    return { platformMessageId: "id-2" };
  };
  await studio.until((await studio.send("before")).id, isSettled);

  platform.send = async () => {
    await echo("<b>changed</b>", "id-3");
    return { platformMessageId: "id-3" };
  };
  await studio.until((await studio.send("changed")).id, isSettled);

  platform.send = () => Promise.resolve({ platformMessageId: null });
  await studio.until((await studio.send("no ids")).id, isSettled);
  await echo("no ids", "id-4");
  assert.deepEqual(await studio.texts(), ["no ids", "changed", "before", "after"]);
  // Written by hand at the platform: the same words, another message.
  await echo("no ids", "id-5");
  assert.deepEqual(await studio.texts(), ["no ids", "no ids", "changed", "before", "after"]);
  await reader.take([{ kind: "deleted", platformMessageId: "id-1" }]);
  const [, , , , first] = await studio.list();
  assert.ok(first !== undefined);
  assert.deepEqual([statuses(first), codes(first)], [["refused"], ["removed"]]);
});

test("a reply goes to the message it answers where the platform knows it", async () => {
  const { studio, ids } = await show(2);
  await studio.list();
  while (!ids.every((id) => platform.reading.some(({ connectionId }) => connectionId === id)))
    await platform.reader(platform.readers.length);
  const of = (id: string | undefined) => platform.reading.find(({ connectionId }) => connectionId === id);
  await of(ids[0])?.take([said("question", { platformMessageId: "q1" })]);
  const [question] = await studio.list();
  const replies = new Map<string, string | null>();
  platform.send = ({ connectionId }, { replyTo }) => {
    replies.set(connectionId, replyTo);
    return Promise.resolve({ platformMessageId: null });
  };
  const answer = await studio.send("answer", { replyTo: question?.id });
  assert.equal(answer.replyTo, question?.id);
  await studio.until(answer.id, isSettled);
  assert.deepEqual(
    ids.map((id) => replies.get(id)),
    ["q1", null],
  );
});

test("what is no connection of this chat, and no message of it, is refused", async () => {
  const { studio } = await show(1);
  const other = await show(1);
  const messages = `${studio.path}/messages`;
  const foreign = await other.studio.send("theirs");
  refusedAs(
    await studio.tenant.call("POST", messages, { text: "x", connectionIds: [other.ids[0]] }),
    400,
    "invalid_request",
  );
  refusedAs(await studio.tenant.call("POST", messages, { text: "x", replyTo: foreign.id }), 400, "invalid_request");
  refusedAs(
    await studio.tenant.call("PUT", `${studio.path}/platforms`, { connectionIds: [other.ids[0]] }),
    400,
    "invalid_request",
  );
});

test("what could not be sent for five minutes is not sent any more", async () => {
  const { studio } = await show(1);
  platform.refusal = new PlatformError("rate_limited", "Slow down.", 60_000);
  const { id } = await studio.send("old news");
  const waits = sql`select from chat_deliveries where message_id = ${id} and not_before is not null`;
  await waitFor("it waits", async () => (await database.query(waits)).length > 0);
  await database.query(
    sql`update chat_deliveries set created_at = now() - interval '6 minutes' where message_id = ${id}`,
  );
  const late = await studio.until(id, isSettled);
  assert.deepEqual([statuses(late), codes(late)], [["failed"], ["too_late"]]);
});

test("more than a queue holds is refused at once", async () => {
  const { studio } = await show(1);
  platform.refusal = new PlatformError("rate_limited", "Slow down.", 60_000);
  for (let n = 0; n < 100; n++) await studio.send(`${n}`);
  const refused = await studio.send("one more");
  assert.deepEqual([statuses(refused), codes(refused)], [["refused"], ["queue_full"]]);
});

test("messages are found by platform and by time", async () => {
  const { studio } = await show(1);
  await studio.until((await studio.send("to it")).id, isSettled);
  await studio.enable();
  const here = await studio.send("only here");
  assert.deepEqual(here.deliveries, []);
  assert.deepEqual(await studio.texts("?platform=scripted"), ["to it"]);
  assert.deepEqual(await studio.texts("?platform=nobody"), []);
  assert.deepEqual(await studio.texts(`?since=${encodeURIComponent(here.receivedAt)}`), ["only here"]);
  assert.deepEqual(await studio.texts("?since=2999-01-01T00:00:00%2B02:00"), []);
});
