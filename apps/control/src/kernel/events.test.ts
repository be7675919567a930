import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { firstId, newId } from "@trax/foundation/ids";
import { openEventFeed } from "./event-feed.ts";
import { openLog } from "@trax/foundation/log";
import { appendEvent, appendEvents, lastSeq, readEvents, seqOf } from "./events.ts";
import { sweep } from "./sweep.ts";
import { openDatabase } from "@trax/foundation/database";
import type { Database } from "@trax/foundation/database";
import { startPostgres } from "../testing/postgres.ts";
import type { TestPostgres } from "../testing/postgres.ts";

let postgres: TestPostgres;
let database: Database;

before(async () => {
  postgres = await startPostgres();
  database = openDatabase(postgres.url, { onError: () => undefined });
});
after(async () => {
  await database.close();
  await postgres[Symbol.asyncDispose]();
});

const newStudio = () => ({ accountId: newId("account"), studioId: newId("studio") });
const types = ["stream.live", "stream.offline", "source.status_changed"] as const;

test("an event comes back as it was written, in order, of its own studio and type alone", async () => {
  const [studio, other] = [newStudio(), newStudio()];
  const first = await appendEvent(database, { ...studio, type: "stream.live", data: { n: 1 } });
  await appendEvent(database, { ...other, type: "stream.live", data: { n: 2 } });
  await appendEvent(database, { ...studio, type: "destination.status_changed", data: { n: 3 } });
  const last = await appendEvent(database, { ...studio, type: "stream.offline", data: { n: 4 } });
  const events = await readEvents(database, { ...studio, afterSeq: 0, types, limit: 10 });
  assert.deepEqual(
    events.map(({ envelope }) => [envelope.id, envelope.type, envelope.data]),
    [
      [first, "stream.live", { n: 1 }],
      [last, "stream.offline", { n: 4 }],
    ],
  );
  const seq = await seqOf(database, first, studio);
  assert.ok(seq !== null);
  assert.deepEqual(
    (await readEvents(database, { ...studio, afterSeq: seq, types, limit: 10 })).map((event) => event.envelope.id),
    [last],
  );
  assert.equal(await seqOf(database, first, other), null);
  assert.equal(await lastSeq(database, studio), events.at(-1)?.seq);
});

test("a reader that follows many writers sees each event once and in order, however their transactions overlap", async () => {
  const studio = newStudio();
  const writers = 8;
  const each = 15;
  const seen: number[] = [];
  let afterSeq = 0;
  const read = async (): Promise<void> => {
    for (const event of await readEvents(database, { ...studio, afterSeq, types, limit: 7 })) {
      seen.push(Number(event.envelope.data["n"]));
      assert.ok(event.seq > afterSeq);
      afterSeq = event.seq;
    }
  };
  const written = new AbortController();
  const reading = (async () => {
    while (!written.signal.aborted) await read();
  })();
  await Promise.all(
    Array.from({ length: writers }, async (_, writer) => {
      for (let n = 0; n < each; n++) {
        await database.transaction(async (tx) => {
          await appendEvent(tx, { ...studio, type: "stream.live", data: { n: writer * each + n } });
          await appendEvent(tx, {
            accountId: studio.accountId,
            studioId: newId("studio"),
            type: "stream.live",
            data: {},
          });
        });
      }
    }),
  );
  written.abort();
  await reading;
  for (let counted = -1; counted !== seen.length;) {
    counted = seen.length;
    await read();
  }
  assert.equal(seen.length, writers * each);
  assert.equal(new Set(seen).size, writers * each);
});

test("an event that is not committed is neither read nor passed by", async () => {
  const studio = newStudio();
  let finish = (): void => undefined;
  const mayFinish = new Promise<void>((resolve) => (finish = resolve));
  let appended = (): void => undefined;
  const isAppended = new Promise<void>((resolve) => (appended = resolve));
  const slow = database.transaction(async (tx) => {
    await appendEvent(tx, { ...studio, type: "stream.live", data: { n: "slow" } });
    appended();
    await mayFinish;
  });
  await isAppended;
  const quick = appendEvent(database, { ...studio, type: "stream.offline", data: { n: "quick" } });
  assert.deepEqual(await readEvents(database, { ...studio, afterSeq: 0, types, limit: 10 }), []);
  finish();
  await Promise.all([slow, quick]);
  const events = await readEvents(database, { ...studio, afterSeq: 0, types, limit: 10 });
  assert.deepEqual(
    events.map(({ envelope }) => envelope.data["n"]),
    ["slow", "quick"],
  );
});

test("whoever watches a studio is woken when something was committed for it, also after a lost connection", async () => {
  const studio = newStudio();
  let wake = (): void => undefined;
  const woken = () => new Promise<void>((resolve) => (wake = resolve));
  const first = woken();
  const feed = openEventFeed({ url: postgres.url, log: openLog("test", "silent") });
  const unwatch = feed.watch(studio.studioId, () => wake());
  await first; // the connection is there
  const second = woken();
  await appendEvent(database, { ...studio, type: "stream.live", data: {} });
  await second;
  const third = woken();
  await postgres.kill();
  await postgres.start();
  await third;
  unwatch();
  await feed.close();
});

test("events go once they are 30 days old, however many there are, and none before", async () => {
  const studio = newStudio();
  const now = new Date();
  const agedIds = (days: number, count: number): string[] => {
    const first = now.getTime() - days * 24 * 3_600_000;
    return Array.from({ length: count }, (_, index) => firstId("event", new Date(first + index)));
  };
  const [old, kept] = [agedIds(31, 5_001), agedIds(29.9, 2)];
  const events = [...old, ...kept].map((id) => ({ ...studio, id, type: "stream.live", data: {} }) as const);
  await appendEvents(database, events);
  await sweep(database, now, new AbortController().signal);
  const left = await readEvents(database, { ...studio, afterSeq: 0, types, limit: 10 });
  assert.deepEqual(
    left.map(({ envelope }) => envelope.id),
    kept,
  );
});
