import assert from "node:assert/strict";
import { after, test } from "node:test";
import { ChatPlatforms } from "@trax/contract";
import { waitFor } from "@trax/peers";
import sql from "sql-template-tag";
import { PlatformError } from "../connections/index.ts";
import { ChatStudio, startChatControl } from "../../testing/chat.ts";
import { EventReader } from "../../testing/event-reader.ts";
import { ScriptedPlatform, said } from "../../testing/scripted-platform.ts";
import type { ScriptedReader } from "../../testing/scripted-platform.ts";
import { shapeOf } from "../../testing/shape.ts";
import { Tenant } from "../../testing/tenant.ts";

const platform = new ScriptedPlatform("scripted");
const control = await startChatControl(platform);
after(() => control[Symbol.asyncDispose]());
const { database } = control;

/** A studio of an account of its own, with one enabled connection. */
async function show(): Promise<{ studio: ChatStudio; connectionId: string; reader: () => Promise<ScriptedReader> }> {
  const studio = await ChatStudio.make(await Tenant.make(control), platform);
  const connectionId = await studio.link();
  await studio.enable(connectionId);
  return { studio, connectionId, reader: () => readerOf(connectionId, 0) };
}

/** The nth who read this connection. */
async function readerOf(connectionId: string, nth: number): Promise<ScriptedReader> {
  for (let index = 0, seen = 0; ; index++) {
    const reader = await platform.reader(index);
    if (reader.connectionId === connectionId && seen++ === nth) return reader;
  }
}

const events = (studio: ChatStudio) =>
  EventReader.open(control, studio.tenant.account.key, `/v1/studios/${studio.studioId}/events`);

test("a chat that is watched is read, and what is said comes to who watches and to the list, once", async () => {
  const { studio, connectionId, reader } = await show();
  await using stream = await events(studio);
  const { take } = await reader();
  await Promise.all([take([said("one"), said("two")]), take([said("two"), said("three", { replyTo: "one" })])]);
  await take([said("one")]);
  const [one, two, three] = [await stream.next(), await stream.next(), await stream.next()];
  const list = await studio.list();
  assert.deepEqual(
    list.map(({ text }) => text),
    ["three", "two", "one"],
  );
  assert.deepEqual([three?.data, two?.data, one?.data], list);
  assert.equal(list[0]?.replyTo, list[2]?.id);
  assert.deepEqual(
    { ...list[2], id: "", sentAt: "", receivedAt: "" },
    {
      id: "",
      studioId: studio.studioId,
      platform: "scripted",
      connectionId,
      author: { id: "ada", name: "Ada", color: "#1e90ff", badges: ["subscriber"], isModerator: false, isOwner: false },
      text: "one",
      emotes: [],
      replyTo: null,
      sentAt: "",
      receivedAt: "",
      direction: "in",
      deleted: false,
      deliveries: [],
    },
  );
});

test("nothing is read of a studio that is neither live nor watched; going live is enough", async () => {
  const { studio, connectionId, reader } = await show();
  const path = `${studio.path}/platforms`;
  const statusOf = async () =>
    shapeOf(await studio.tenant.call("GET", path), 200, ChatPlatforms).platforms.map(({ status }) => status);
  assert.deepEqual(await statusOf(), ["idle"]);
  await database.query(sql`update studios set state = 'live' where id = ${studio.studioId}`);
  const { signal } = await reader();
  await waitFor("it is read", async () => (await statusOf())[0] === "reading");
  const ended = new Promise((resolve) => signal.addEventListener("abort", resolve));
  await database.query(sql`update studios set state = 'offline' where id = ${studio.studioId}`);
  await ended;
  assert.deepEqual(await statusOf(), ["idle"]);
  assert.ok(!platform.reading.some((one) => one.connectionId === connectionId));
});

test("a connection that two studios have is read once, and given to both", async () => {
  const { studio, connectionId, reader } = await show();
  const other = await ChatStudio.make(studio.tenant, platform);
  await other.enable(connectionId);
  await Promise.all([studio.list(), other.list()]);
  await (await reader()).take([said("both")]);
  assert.deepEqual([await studio.texts(), await other.texts()], [["both"], ["both"]]);
  assert.equal(platform.reading.filter((one) => one.connectionId === connectionId).length, 1);
});

test("a reader that is lost connects again and goes on where what is stored ends", async () => {
  const { studio, connectionId, reader } = await show();
  await studio.list();
  const first = await reader();
  assert.equal(first.from, null);
  await first.take([said("a")], "cursor-1");
  first.lose(new PlatformError("unavailable", "gone"));
  const second = await readerOf(connectionId, 1);
  assert.equal(second.from, "cursor-1");
  await second.take([said("a"), said("b")], "cursor-2");
  second.lose();
  assert.equal((await readerOf(connectionId, 2)).from, "cursor-2");
  assert.deepEqual(await studio.texts(), ["b", "a"]);
});

test("a token that cannot be renewed for a while ends no reading; a grant that is over does, and is told", async () => {
  const { studio, connectionId, reader } = await show();
  await studio.list();
  const { take, signal } = await reader();
  const turn = (status: string) =>
    database.query(sql`
      update connections set status = ${status}, status_reason = 'It is over.' where id = ${connectionId}`);
  const shown = async () => {
    const answer = await studio.tenant.call("GET", `${studio.path}/platforms`);
    return shapeOf(answer, 200, ChatPlatforms).platforms[0];
  };
  await waitFor("it is read", async () => (await shown())?.status === "reading");
  await turn("error");
  await take([said("still here")]);
  assert.deepEqual([(await shown())?.status, signal.aborted], ["reading", false]);
  await turn("needs_relink");
  await waitFor("it is not read any more", () => signal.aborted);
  const told = await shown();
  assert.deepEqual(
    [told?.status, told?.lastError?.code, told?.lastError?.message],
    ["failed", "unauthorized", "It is over."],
  );
});

test("of two nodes one reads; when its lease runs out the other does, and the first stores nothing any more", async () => {
  const { studio, connectionId, reader } = await show();
  await studio.list();
  const first = await reader();
  await first.take([said("before")], "c1");
  // As if a node took over while the first believed it still read.
  await database.query(sql`
    update chat_readers set holder = 'another', lease_until = now() + interval '1 s' where connection_id = ${connectionId}`);
  await assert.rejects(first.take([said("lost")], "c2"));
  const second = await readerOf(connectionId, 1);
  assert.equal(second.from, "c1");
  await second.take([said("lost")], "c2");
  assert.deepEqual(await studio.texts(), ["lost", "before"]);
});

test("what is taken back has no text any more: here, in the events to come, and for who resumes", async () => {
  const { studio, reader } = await show();
  await using stream = await events(studio);
  const { take } = await reader();
  await take([said("first"), said("nice"), said("rude"), said("spam", {}, { platformUserId: "bob" })]);
  const [start] = await stream.take(4);
  await take([
    { kind: "deleted", platformMessageId: "rude" },
    { kind: "author-removed", platformUserId: "bob" },
  ]);
  const list = await studio.list();
  assert.deepEqual(
    list.map(({ text, deleted }) => [text, deleted]),
    [
      ["", true],
      ["", true],
      ["nice", false],
      ["first", false],
    ],
  );
  const told = [await stream.next(), await stream.next()];
  assert.deepEqual(
    told.map((event) => [event?.type, event?.data["messageIds"]]),
    [
      ["chat.messages_deleted", [list[1]?.id]],
      ["chat.messages_deleted", [list[0]?.id]],
    ],
  );
  const path = `/v1/studios/${studio.studioId}/events?lastEventId=${start ?? ""}`;
  await using again = await EventReader.open(control, studio.tenant.account.key, path);
  const texts = [await again.next(), await again.next(), await again.next()].map((event) => event?.data["text"]);
  assert.deepEqual(texts, ["nice", "", ""]);
  await take([{ kind: "cleared" }]);
  assert.ok((await studio.list()).every(({ deleted, text }) => deleted && text === ""));
});

test("a long chat is cleared piece by piece, also when one breaks off, and what comes after it stays", async () => {
  const { studio, connectionId, reader } = await show();
  await studio.list();
  const { take } = await reader();
  const texts = Array.from({ length: 2_500 }, (_, index) => `m${index}`);
  for (let from = 0; from < texts.length; from += 500)
    await take(texts.slice(from, from + 500).map((text) => said(text)));
  const left = async (): Promise<number> => {
    const [row] = await database.query<{ shown: number }>(sql`
      select count(*)::int8 as shown from chat_messages where studio_id = ${studio.studioId} and not deleted`);
    return row?.shown ?? -1;
  };
  const isCleared = () =>
    waitFor("nothing is left to be taken back", async () => {
      const clearings = await database.query(sql`select from chat_clearings where connection_id = ${connectionId}`);
      return clearings.length === 0;
    });
  const inOneBatch = [...["x", "y"].map((text) => said(text)), { kind: "cleared" } as const, said("after")];
  await database.transaction(async (tx) => {
    // Whoever comes to the last piece waits for this, and its connection is cut, as if it had been killed.
    await tx.query(sql`
      select from chat_messages where studio_id = ${studio.studioId} and text = 'm0' for update`);
    await take(inOneBatch);
    await waitFor("the last piece is cut off", async () => {
      const cut = await database.query(sql`
        select pg_terminate_backend(pid) from pg_stat_activity
        where wait_event_type = 'Lock' and query like '%chat_messages m set deleted%'`);
      return cut.length > 0;
    });
    assert.equal(await left(), 503);
  });
  await database.query(sql`select pg_notify('trax_chat', 'clearings')`);
  await isCleared();
  assert.deepEqual(await studio.texts("?limit=3"), ["after", "", ""]);
  assert.equal(await left(), 1);
  const told = await database.query<{ text: string; ids: string[] | null }>(sql`
    select data->>'text' as text, data->'messageIds' as ids from events where studio_id = ${studio.studioId} order by seq`);
  assert.ok(
    told.every(({ text, ids }) => ids !== null || text === "" || text === "after"),
    "none is in the outbox",
  );
  const ids = told.flatMap((event) => event.ids ?? []);
  assert.deepEqual([ids.length, new Set(ids).size], [2_502, 2_502]);
  assert.ok(told.every((event) => (event.ids?.length ?? 0) <= 200));

  // What is told of after a chat was cleared stays, whatever its id.
  await database.query(sql`
    insert into chat_clearings (connection_id, platform, below, up_to_seq)
    select connection_id, platform, 'msg_7zzzzzzzzzzzzzzzzzzzzzzzzz', e.seq - 1
    from chat_messages m join events e on e.id = m.event_id where m.studio_id = ${studio.studioId} and not m.deleted`);
  await database.query(sql`select pg_notify('trax_chat', 'clearings')`);
  await isCleared();
  assert.equal(await left(), 1);
});

test("what is stored and a studio that is deleted wait for each other in one order: none of them fails", async () => {
  const { studio, reader } = await show();
  await studio.list();
  const { take } = await reader();
  await take([said("old")]);
  let stored: Promise<void> | undefined;
  await database.transaction(async (tx) => {
    await tx.query(sql`select from studios where id = ${studio.studioId} for update`);
    stored = take([{ kind: "deleted", platformMessageId: "old" }, said("new")]);
    await waitFor("it waits for the studio", async () => {
      const waiting = await database.query(sql`
        select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'`);
      return waiting.length > 0;
    });
    await tx.query(sql`delete from chat_messages where studio_id = ${studio.studioId}`);
  });
  await stored;
  assert.deepEqual(await studio.texts(), ["new"]);
});

test("what is taken back before it comes is never shown", async () => {
  const { studio, reader } = await show();
  await studio.list();
  const { take } = await reader();
  await take([{ kind: "deleted", platformMessageId: "late" }]);
  await take([said("late"), said("other")]);
  assert.deepEqual(
    (await studio.list()).map(({ text, deleted }) => [text, deleted]),
    [
      ["other", false],
      ["", true],
    ],
  );
});

test("what a platform posts counts once, wherever it is posted, and only where it is genuine", async () => {
  const { studio } = await show();
  await studio.list();
  const post = (deliveryId: string, texts: string[], signature = "good") =>
    control.call("/platforms/scripted/webhook", {
      method: "POST",
      headers: { "x-signature": signature, "content-type": "text/plain" },
      body: JSON.stringify({ deliveryId, texts }),
    });
  const mine = (texts: string[]) => texts.map((text) => `${studio.studioId} ${text}`);
  assert.equal((await post(`d1 ${studio.studioId}`, mine(["a"]))).status, 204);
  assert.equal((await post(`d1 ${studio.studioId}`, mine(["again"]))).status, 204);
  assert.equal((await post(`d2 ${studio.studioId}`, mine(["a", "b"]))).status, 204);
  assert.equal((await post("d3", mine(["forged"]), "bad")).code, "unauthenticated");
  assert.deepEqual(await studio.texts(), mine(["b", "a"]));
  const large = await control.call("/platforms/scripted/webhook", { method: "POST", body: "x".repeat(300_000) });
  assert.equal(large.code, "payload_too_large");
  assert.equal((await control.call("/platforms/nobody/webhook", { method: "POST", body: "{}" })).code, "not_found");
});

test("nothing in a message can break what it goes through", async () => {
  const { studio, reader } = await show();
  await using stream = await events(studio);
  const { take } = await reader();
  const text = "\u0000\r\n\n\ndata: {}\n\nid: evt\ud800 <script>";
  await take([said(text, { platformMessageId: "hostile\u0000" }, { name: "\u001b[31m\ud83d" })]);
  const event = await stream.next();
  assert.equal(event?.data["text"], "     data: {}  id: evt\ufffd <script>");
  assert.deepEqual(event?.data, (await studio.list())[0]);
});
