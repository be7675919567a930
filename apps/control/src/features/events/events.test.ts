import assert from "node:assert/strict";
import { after, test } from "node:test";
import { MetersEvent } from "@trax/contract";
import { newId } from "@trax/foundation/ids";
import { appendMediaEvent, tellMeters } from "@trax/media-protocol";
import type { MediaEventType } from "@trax/media-protocol";
import sql from "sql-template-tag";
import { startControl } from "../../testing/control.ts";
import { EventReader } from "../../testing/event-reader.ts";
import { refusedAs } from "../../testing/shape.ts";
import { Tenant, assertIsolated } from "../../testing/tenant.ts";

const control = await startControl();
after(() => control[Symbol.asyncDispose]());
const { database } = control;
const ada = await Tenant.make(control);
const eve = await Tenant.make(control);
const { accountId, key } = ada.account;

async function append(studioId: string, type: MediaEventType = "stream.live", data: object = {}): Promise<void> {
  await database.transaction((tx) => appendMediaEvent(tx, { accountId, studioId, type, data }));
}

/** All of a studio's event ids, in the order of the outbox. */
async function idsOf(studioId: string): Promise<string[]> {
  const rows = await database.query<{ id: string }>(
    sql`select id from events where studio_id = ${studioId} order by seq`,
  );
  return rows.map((row) => row.id);
}

const pathOf = (studioId: string) => `/v1/studios/${studioId}/events`;

test("events come as they are appended, from now on, in the one envelope", async () => {
  const { id } = await ada.studio();
  await append(id);
  await using reader = await EventReader.open(control, key, pathOf(id));
  await append(id, "source.status_changed", { sourceId: "x" });
  const event = await reader.next();
  const [, second] = await idsOf(id);
  assert.deepEqual(
    { ...event, createdAt: "" },
    { id: second, type: "source.status_changed", createdAt: "", accountId, studioId: id, data: { sourceId: "x" } },
  );
});

test("a last event id resumes after it, in the header or the query, the header first", async () => {
  const { id } = await ada.studio();
  for (let n = 0; n < 4; n++) await append(id);
  const ids = await idsOf(id);
  const [first = "", second = ""] = ids;
  await using byHeader = await EventReader.open(control, key, `${pathOf(id)}?lastEventId=${first}`, {
    "last-event-id": second,
  });
  assert.deepEqual(await byHeader.take(2), ids.slice(2));
  await using byQuery = await EventReader.open(control, key, `${pathOf(id)}?lastEventId=${first}`);
  assert.deepEqual(await byQuery.take(3), ids.slice(1));
});

test("a last event id that is not this studio's is refused", async () => {
  const [one, other] = [await ada.studio(), await ada.studio()];
  await append(other.id);
  for (const last of [newId("event"), (await idsOf(other.id))[0] ?? "", "nonsense"]) {
    refusedAs(await ada.call("GET", `${pathOf(one.id)}?lastEventId=${last}`), 400, "invalid_cursor");
  }
});

test("a credential is sent what its scopes let it see", async () => {
  const { id } = await ada.studio();
  const { secret } = await control.mint(ada.account, { scopes: ["destinations:read"] });
  await using reader = await EventReader.open(control, secret, pathOf(id));
  await append(id, "stream.live");
  await append(id, "source.status_changed");
  await append(id, "destination.status_changed");
  await append(id, "stream.offline");
  await append(id, "destination.status_changed");
  assert.equal((await reader.next())?.type, "destination.status_changed");
  assert.equal((await reader.next())?.type, "destination.status_changed");
  const blind = await control.mint(ada.account, { scopes: ["studios:read"] });
  refusedAs(await control.call(pathOf(id), { key: blind.secret }), 403, "insufficient_scope");
});

test("while many write at once, a reader that comes and goes misses and repeats none", async () => {
  const { id } = await ada.studio();
  const writer = async () => {
    for (let n = 0; n < 50; n++) await append(id);
  };
  await append(id);
  const [start = ""] = await idsOf(id);
  const writing = Promise.all(Array.from({ length: 4 }, writer));
  const seen: string[] = [];
  while (seen.length < 200) {
    await using reader = await EventReader.open(control, key, pathOf(id), { "last-event-id": seen.at(-1) ?? start });
    seen.push(...(await reader.take(Math.min(37, 200 - seen.length))));
  }
  await writing;
  assert.deepEqual(seen, (await idsOf(id)).slice(1));
});

test("many who follow one studio, with scopes of two kinds, each get exactly theirs", async () => {
  const { id } = await ada.studio();
  const { secret } = await control.mint(ada.account, { scopes: ["sources:read"] });
  const secrets = Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? key : secret));
  const readers = await Promise.all(secrets.map((one) => EventReader.open(control, one, pathOf(id))));
  for (let n = 0; n < 120; n++) await append(id, n % 3 === 0 ? "source.status_changed" : "stream.live");
  const rows = await database.query<{ id: string; type: string }>(
    sql`select id, type from events where studio_id = ${id} order by seq`,
  );
  const all = rows.map((row) => row.id);
  const some = rows.flatMap((row) => (row.type === "source.status_changed" ? [row.id] : []));
  for (const [index, reader] of readers.entries()) {
    const wanted = index % 2 === 0 ? all : some;
    assert.deepEqual(await reader.take(wanted.length), wanted);
    await reader[Symbol.asyncDispose]();
  }
});

test("a stream outlives a crash of the database, and nothing is lost", async () => {
  const { id } = await ada.studio();
  await using reader = await EventReader.open(control, key, pathOf(id));
  await append(id);
  const before = await reader.take(1);
  await control.postgres.kill();
  await control.postgres.start();
  await append(id);
  assert.deepEqual([...before, ...(await reader.take(1))], await idsOf(id));
});

test("a stream ends when its key is revoked, and when its studio is deleted", async () => {
  const { id } = await ada.studio();
  const made = await control.mint(ada.account);
  await using revoked = await EventReader.open(control, made.secret, pathOf(id));
  await database.query(sql`update api_keys set revoked_at = now() where id = ${made.id}`);
  assert.equal(await revoked.next(), null);
  await using deleted = await EventReader.open(control, key, pathOf(id));
  assert.equal((await ada.call("DELETE", `/v1/studios/${id}`)).status, 204);
  assert.equal(await deleted.next(), null);
});

test("a stream ends with its key when that is given an end later, as by rotating it", async () => {
  const { id } = await ada.studio();
  const made = await control.mint(ada.account);
  await using reader = await EventReader.open(control, made.secret, pathOf(id));
  await database.query(sql`update api_keys set expires_at = now() + interval '400 ms' where id = ${made.id}`);
  assert.equal(await reader.next(), null);
});

test("another tenant's events are as if there were none", async () => {
  const { id } = await ada.studio();
  await append(id);
  const last = `?lastEventId=${(await idsOf(id))[0] ?? ""}`;
  const nobodys = pathOf(newId("studio"));
  await assertIsolated(eve, [
    { method: "GET", theirs: pathOf(id), nobodys },
    { method: "GET", theirs: pathOf(id) + last, nobodys: nobodys + last },
  ]);
  const own = await eve.studio();
  refusedAs(await eve.call("GET", pathOf(own.id) + last), 400, "invalid_cursor");
});

/** What a reader gets until it has seen enough. */
async function readUntil(path: string, readerKey: string, isEnough: (text: string) => boolean): Promise<string> {
  const controller = new AbortController();
  const response = await fetch(control.baseUrl + path, {
    headers: { authorization: `Bearer ${readerKey}` },
    signal: controller.signal,
  });
  let text = "";
  for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += chunk;
    if (isEnough(text)) break;
  }
  controller.abort();
  return text;
}

test("meters come between the events of who asks for them, and the media side is told that somebody does", async () => {
  const { id } = await ada.studio();
  const heard = { program: { peak: -3.5, rms: -12 }, sources: [{ sourceId: "src_1", peak: -100, rms: -100 }] };
  const say = setInterval(() => {
    for (const studioId of [id, "std_other"])
      void database.query(sql`select pg_notify('trax_meters', ${JSON.stringify({ studioId, ...heard })})`);
  }, 20);
  try {
    const text = await readUntil(`${pathOf(id)}?meters=true`, key, (so) => so.split("program.meters").length > 6);
    const [frame = ""] = text.split("\n\n").filter((one) => one.startsWith("event: program.meters"));
    assert.doesNotMatch(text, /^id:/m);
    assert.doesNotMatch(text, /std_other/);
    const { createdAt, ...event } = MetersEvent.parse(JSON.parse(frame.split("data: ")[1] ?? ""));
    assert.ok(Date.parse(createdAt) > 0);
    assert.deepEqual(event, { type: "program.meters", accountId, studioId: id, data: heard });
    const [row] = await database.query<{ left: number }>(
      sql`select extract(epoch from meters_until - now())::float8 as left from programs where studio_id = ${id}`,
    );
    assert.ok(row !== undefined && row.left > 15 && row.left <= 30, JSON.stringify(row));

    await using without = await EventReader.open(control, key, pathOf(id));
    await append(id);
    assert.equal((await without.next())?.type, "stream.live", "and nothing before it");
  } finally {
    clearInterval(say);
  }
});

test("of very many sources the loudest are told of", async () => {
  const { id } = await ada.studio();
  const sources = Array.from({ length: 200 }, (_, index) => ({
    sourceId: newId("source"),
    peak: index / 10 - 100.05,
    rms: -99.9,
  }));
  const say = setInterval(
    () => void tellMeters(database, { studioId: id, program: { peak: -3.5, rms: -12 }, sources }),
    20,
  );
  try {
    const text = await readUntil(`${pathOf(id)}?meters=true`, key, (so) => so.split("program.meters").length > 2);
    const [frame = ""] = text.split("\n\n").filter((one) => one.startsWith("event: program.meters"));
    const { data } = MetersEvent.parse(JSON.parse(frame.split("data: ")[1] ?? ""));
    assert.deepEqual(data.sources, sources.toReversed().slice(0, data.sources.length));
    assert.ok(data.sources.length >= 50);
  } finally {
    clearInterval(say);
  }
});

test("meters need the scope of what they are of", async () => {
  const { id } = await ada.studio();
  const { secret } = await control.mint(ada.account, { scopes: ["sources:read"] });
  const refused = await control.call(`${pathOf(id)}?meters=true`, { key: secret });
  refusedAs(refused, 403, "insufficient_scope");
});
