import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { copyFile, mkdir, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { createCanvas } from "@napi-rs/canvas";
import { newId } from "@trax/foundation/ids";
import { openDatabase } from "@trax/foundation/database";
import type { Database } from "@trax/foundation/database";
import { openLog } from "@trax/foundation/log";
import type { ObjectStore } from "@trax/foundation/object-store";
import { openDiskStore } from "@trax/foundation/object-store/disk";
import { claimAsset } from "@trax/media-protocol";
import { ensurePeer, mountSmallDisk, tempDirectory, waitFor } from "@trax/peers";
import sql from "sql-template-tag";
import { startPostgres } from "../../../control/src/testing/postgres.ts";
import { removeDeletedRecordings } from "../recording/deleted-recordings.ts";
import { diskSpace } from "../recording/disk-space.ts";
import { Librarian } from "./librarian.ts";
import type { LibrarianOptions } from "./librarian.ts";

// Rows, storage and the process that looks at files, together.

const run = promisify(execFile);
const accountId = newId("account");
const [nodeId, otherNode] = ["node-1", "node-2"];
const open = new AsyncDisposableStack();
let db: Database;
let store: ObjectStore;
let dataDir: string;
let clip: string;

before(async () => {
  await ensurePeer("ffmpeg");
  const postgres = open.use(await startPostgres());
  db = open.adopt(openDatabase(postgres.url, { onError: () => undefined }), (one) => one.close());
  const directory = open.adopt(await tempDirectory("librarian"), (one) => one.remove());
  dataDir = directory.path;
  store = openDiskStore(join(dataDir, "objects"));
  clip = join(dataDir, "clip.mp4");
  const made =
    "-v error -f lavfi -i testsrc=size=160x90:rate=25:duration=2 -c:v libx264 -preset ultrafast -pix_fmt yuv420p";
  await run("ffmpeg", [...made.split(" "), clip]);
  await db.query(sql`insert into accounts (id, name) values (${accountId}, 'Ada')`);
});
after(() => open.disposeAsync());

type Change = Partial<Pick<LibrarianOptions, "nodeId" | "store" | "space">>;

function librarian(change: Change = {}): Librarian {
  const orphans = { add: () => undefined, remove: () => undefined };
  return new Librarian({ db, store, log: openLog("media-agent", "silent"), nodeId, dataDir, orphans, ...change });
}

async function withLibrarian(use: (one: Librarian) => Promise<void>, change: Change = {}) {
  const one = librarian(change);
  await one.start();
  try {
    await use(one);
  } finally {
    await one.close();
  }
}

/** An asset that was uploaded, as the API leaves it. */
async function uploaded(bytes: Buffer, kind: string, contentType: string, into = store): Promise<string> {
  const assetId = newId("asset");
  const path = join(dataDir, `upload-${assetId}`);
  await writeFile(path, bytes);
  await into.putFile(`assets/${assetId}/original`, path, { contentType });
  await db.query(sql`
    insert into assets (id, account_id, name, kind, content_type, size_bytes, status, object_key)
    values (${assetId}, ${accountId}, 'It', ${kind}, ${contentType}, ${bytes.length}, 'processing', ${`assets/${assetId}/original`})`);
  return assetId;
}

type Row = {
  status: string;
  progress: number;
  failureReason: string | null;
  attempts: number;
  thumbnailKey: string | null;
  sha256: string | null;
};

async function rowOf(assetId: string): Promise<Row> {
  const [row] = await db.query<Row>(sql`
    select status, progress, failure_reason as "failureReason", attempts, thumbnail_key as "thumbnailKey", sha256
    from assets where id = ${assetId}`);
  if (row === undefined) throw new Error("there is no such asset");
  return row;
}

const ended = (assetId: string, status: "ready" | "failed") =>
  waitFor(`it is ${status}`, async () => {
    const row = await rowOf(assetId);
    return row.status === status && row;
  });

/** Told of it, as by a notification. */
async function endedBy(one: Librarian, assetId: string): Promise<void> {
  one.wake();
  await ended(assetId, "ready");
}

async function eventsOf(assetId: string): Promise<{ type: string; data: object }[]> {
  return db.query(sql`
    select type, data from events where account_id = ${accountId} and studio_id is null and data->>'assetId' = ${assetId}`);
}

const png = createCanvas(8, 8).toBuffer("image/png");

test("what was uploaded becomes ready with its pictures, or fails with a reason, each with its event", async () => {
  const [picture, script] = [
    await uploaded(png, "image", "image/png"),
    await uploaded(Buffer.from("#!/bin/sh"), "image", "image/png"),
  ];
  await withLibrarian(async () => {
    const ready = await ended(picture, "ready");
    assert.equal(ready.progress, 100);
    assert.equal(ready.thumbnailKey, `assets/${picture}/thumbnail.jpg`);
    assert.match(ready.sha256 ?? "", /^[0-9a-f]{64}$/);
    assert.ok(await store.stat(ready.thumbnailKey));
    assert.deepEqual(await eventsOf(picture), [
      { type: "media.ready", data: { assetId: picture, name: "It", kind: "image" } },
    ]);
    const { failureReason } = await ended(script, "failed");
    assert.match(failureReason ?? "", /is no PNG file/);
    assert.deepEqual(await eventsOf(script), [
      { type: "media.failed", data: { assetId: script, name: "It", kind: "image", failureReason } },
    ]);
  });
  assert.deepEqual(await readdir(join(dataDir, "library", "work")), []);
});

test("a node that died is followed by another when its lease is over, and three times is enough", async () => {
  const [second, third] = [await uploaded(png, "image", "image/png"), await uploaded(png, "image", "image/png")];
  const died = async (assetId: string, attempts: number) => {
    await db.query(sql`update assets set attempts = ${attempts - 1} where id = ${assetId}`);
    assert.equal((await claimAsset(db, otherNode, ["image"]))?.attempts, attempts);
    await db.query(sql`update assets set lease_expires_at = now() where id = ${assetId}`);
  };
  await db.query(sql`update assets set lease_expires_at = now() + interval '1 hour' where id = ${third}`);
  await died(second, 1);
  await db.query(sql`update assets set lease_expires_at = now() + interval '1 hour' where id = ${second}`);
  await db.query(sql`update assets set lease_expires_at = null where id = ${third}`);
  await died(third, 3);
  await withLibrarian(async (one) => {
    assert.match((await ended(third, "failed")).failureReason ?? "", /tried 3 times/);
    assert.equal((await rowOf(second)).status, "processing");
    await db.query(sql`update assets set lease_expires_at = now() where id = ${second}`);
    one.wake();
    assert.equal((await ended(second, "ready")).attempts, 2);
  });
});

test("accounts take turns, in each lane: many files of one keep another's waiting for one of them", async () => {
  const accounts = [newId("account"), newId("account")];
  for (const id of accounts) await db.query(sql`insert into accounts (id, name) values (${id}, 'Bob')`);
  const [many = "", few = ""] = accounts;
  const put = (owner: string, kind: string) =>
    db.query(sql`
      insert into assets (id, account_id, name, kind, content_type, size_bytes, status, object_key)
      values (${newId("asset")}, ${owner}, 'It', ${kind}, 'audio/mpeg', 10, 'processing', 'none')`);
  for (let n = 0; n < 3; n++) for (const kind of ["audio", "video"]) await put(many, kind);
  for (const kind of ["audio", "audio", "video"]) await put(few, kind);
  const next = async (kind: "audio" | "video", mostBytes?: number) =>
    (await claimAsset(db, otherNode, [kind], mostBytes))?.accountId;
  try {
    assert.deepEqual([await next("audio"), await next("audio"), await next("audio")], [many, few, many]);
    assert.equal(await next("video", 100), many, "a lane has turns of its own");
    assert.deepEqual([await next("audio"), await next("audio"), await next("audio")], [few, many, undefined]);
    assert.deepEqual([await next("video"), await next("video"), await next("video")], [many, few, many]);
  } finally {
    await db.query(sql`delete from accounts where id = any(${accounts})`);
  }
});

const givenBack = (assetId: string) =>
  waitFor("it is given back", async () => {
    const [row] = await db.query(sql`
      select id from assets where id = ${assetId} and node_id is null and attempts = 0 and lease_expires_at is not null`);
    return row !== undefined;
  });

test("a disk that becomes full while something is made ends it, and it is made when there is room", async () => {
  const assetId = await uploaded(png, "image", "image/png");
  let isFull = true;
  const space: typeof diskSpace = async (directory) => ({
    ...(await diskSpace(directory)),
    ...(isFull ? { freeBytes: 0 } : {}),
  });
  await withLibrarian(
    async (one) => {
      await givenBack(assetId);
      assert.equal((await rowOf(assetId)).status, "processing");
      isFull = false;
      await db.query(sql`update assets set lease_expires_at = now() where id = ${assetId}`);
      await endedBy(one, assetId);
    },
    { space },
  );
});

test("a store that is full keeps nothing of what was made, that is said, and it is made when there is room", async () => {
  const film = join(dataDir, "film.mkv");
  await run("ffmpeg", ["-v", "error", "-i", clip, "-c", "copy", film]);
  const place = join(dataDir, "small");
  const disk = open.adopt(await mountSmallDisk(place, 1_000_000), (one) => one.remove());
  const small = openDiskStore(place);
  const assetId = await uploaded(await readFile(film), "video", "video/x-matroska", small);
  await disk.leave(4_096);
  await withLibrarian(
    async (one) => {
      await givenBack(assetId);
      const { status, failureReason } = await rowOf(assetId);
      assert.deepEqual(
        [status, failureReason],
        ["processing", "There is no room left for it: it goes on when there is."],
      );
      assert.deepEqual(await readdir(join(place, "assets", assetId)), ["original"]);
      assert.deepEqual(await readdir(join(place, ".incoming")), []);
      await disk.leave(1_000_000);
      await db.query(sql`update assets set lease_expires_at = now() where id = ${assetId}`);
      await endedBy(one, assetId);
      assert.equal((await rowOf(assetId)).failureReason, null);
    },
    { store: small },
  );
});

test("a short clip does not wait for a film of hours", async () => {
  const film = newId("asset");
  await db.query(sql`
    insert into assets (id, account_id, name, kind, content_type, size_bytes, status, object_key)
    values (${film}, ${accountId}, 'Film', 'video', 'video/mp4', 20000000000, 'processing', ${`assets/${film}/original`})`);
  const begun = Promise.withResolvers<void>();
  const fetched = Promise.withResolvers<void>();
  const slow: ObjectStore = {
    ...store,
    localPath: async (key) => {
      if (!key.includes(film)) return store.localPath(key);
      begun.resolve();
      await fetched.promise;
      return clip;
    },
  };
  await withLibrarian(
    async (one) => {
      try {
        await begun.promise;
        await endedBy(one, await uploaded(await readFile(clip), "video", "video/mp4"));
        assert.equal((await rowOf(film)).status, "processing");
      } finally {
        fetched.resolve();
      }
      await ended(film, "failed");
    },
    { store: slow },
  );
});

test("storage that is away is nobody's fault: it is begun again when it is back", async () => {
  const assetId = await uploaded(png, "image", "image/png");
  let isAway = true;
  const moody: ObjectStore = {
    ...store,
    putFile: async (...args) => {
      if (isAway) throw new Error("storage is away");
      await store.putFile(...args);
    },
  };
  await withLibrarian(
    async (one) => {
      await givenBack(assetId);
      isAway = false;
      await db.query(sql`update assets set lease_expires_at = now() where id = ${assetId}`);
      await endedBy(one, assetId);
    },
    { store: moody },
  );
});

/** A finished recording of a node, not in the library yet. `file` is where that node has it, or is to. */
async function recorded(owner: string): Promise<{ readonly recordingId: string; readonly file: string }> {
  const [studioId, broadcastId, recordingId] = [newId("studio"), newId("broadcast"), newId("recording")];
  const path = `recordings/${studioId}/${broadcastId}-1.mp4`;
  const { size } = await stat(clip);
  await db.query(sql`insert into studios (id, account_id, name) values (${studioId}, ${accountId}, 'Friday Show')`);
  await db.query(
    sql`insert into broadcasts (id, account_id, studio_id, started_by) values (${broadcastId}, ${accountId}, ${studioId}, 'request')`,
  );
  await db.query(sql`
    insert into recordings (id, account_id, studio_id, broadcast_id, status, node_id, path, duration_ms, size_bytes, created_at)
    values (${recordingId}, ${accountId}, ${studioId}, ${broadcastId}, 'ready', ${owner}, ${path}, 2000, ${size}, '2026-11-20T19:30:05Z')`);
  const file = join(dataDir, path);
  await mkdir(dirname(file), { recursive: true });
  return { recordingId, file };
}

test("a finished recording comes into the library by its own node, once, and outlives its studio", async () => {
  const { recordingId, file } = await recorded(nodeId);
  await run("ffmpeg", ["-v", "error", "-i", clip, "-c", "copy", "-movflags", "frag_keyframe+empty_moov", file]);
  await db.query(sql`update recordings set size_bytes = ${(await stat(file)).size} where id = ${recordingId}`);
  const inLibrary = () =>
    db.query<{
      id: string;
      name: string;
      status: string;
      durationMs: number;
      width: number;
      renditionKey: string | null;
    }>(sql`
      select id, name, status, duration_ms as "durationMs", width, rendition_key as "renditionKey" from assets
      where recording_id = ${recordingId}`);
  await withLibrarian(
    async (other) => {
      await endedBy(other, await uploaded(png, "image", "image/png"));
      assert.deepEqual(await inLibrary(), []);
    },
    { nodeId: otherNode },
  );
  const one = librarian();
  await one.start();
  open.defer(() => one.close());
  const assetId = await waitFor("it is in the library", async () => (await inLibrary())[0]?.id);
  await ended(assetId, "ready");
  assert.deepEqual(await inLibrary(), [
    {
      id: assetId,
      name: "Friday Show 2026-11-20 19:30",
      status: "ready",
      durationMs: 2_000,
      width: 160,
      renditionKey: null,
    },
  ]);
  const [recording] = await db.query<{ assetId: string }>(
    sql`select asset_id as "assetId" from recordings where id = ${recordingId}`,
  );
  assert.equal(recording?.assetId, assetId);
  await rm(dirname(file), { recursive: true });
  assert.ok(await store.stat(`assets/${assetId}/original`));
  // Deleted from the library, it does not come back.
  await db.query(sql`delete from assets where id = ${assetId}`);
  await endedBy(one, await uploaded(png, "image", "image/png"));
  assert.deepEqual(await inLibrary(), []);
});

/** A recording in the library that a node was processing when it was killed. */
async function orphaned(owner: string): Promise<{ readonly assetId: string; readonly file: string }> {
  const { recordingId, file } = await recorded(owner);
  const assetId = newId("asset");
  await db.query(sql`update recordings set asset_id = ${assetId} where id = ${recordingId}`);
  await db.query(sql`
    insert into assets (id, account_id, name, kind, origin, recording_id, content_type, size_bytes, status, duration_ms, object_key)
    select ${assetId}, account_id, 'Lost', 'video', 'recording', id, 'video/mp4', size_bytes, 'processing', duration_ms,
      ${`assets/${assetId}/original`} from recordings where id = ${recordingId}`);
  assert.equal((await claimAsset(db, owner, ["video"]))?.assetId, assetId);
  return { assetId, file };
}

test("a recording whose node was killed is gone on with by that node at once when it is back", async () => {
  const { assetId, file } = await orphaned(nodeId);
  await copyFile(clip, file);
  await mkdir(join(dataDir, "library", "work", assetId), { recursive: true });
  await withLibrarian(async () => assert.equal((await ended(assetId, "ready")).attempts, 2));
});

test("a recording that storage has no room for waits for some, and loses nothing", async () => {
  const { assetId, file } = await orphaned(nodeId);
  await copyFile(clip, file);
  const place = join(dataDir, "small-too");
  const disk = open.adopt(await mountSmallDisk(place, 8_192), (one) => one.remove());
  await withLibrarian(
    async (one) => {
      const told = await waitFor("it waits", async () => (await rowOf(assetId)).failureReason);
      assert.match(told, /no room left/);
      assert.deepEqual(await readdir(place), [".incoming"]);
      assert.deepEqual(await readdir(join(place, ".incoming")), []);
      await disk.leave(1_000_000);
      await db.query(sql`update assets set lease_expires_at = now() where id = ${assetId}`);
      await endedBy(one, assetId);
    },
    { store: openDiskStore(place) },
  );
});

test("a recording whose node does not come back is finished by another from storage, or fails in the end", async () => {
  const seen = (ago: string) =>
    db.query(sql`
      insert into media_nodes (id, started_at, heartbeat_at) values ('node-3', now(), now() - ${ago}::interval)
      on conflict (id) do update set heartbeat_at = excluded.heartbeat_at`);
  const { assetId: stored } = await orphaned("node-3");
  const { assetId: lost } = await orphaned("node-3");
  await store.putFile(`assets/${stored}/original`, clip, { contentType: "video/mp4" });
  const again = () =>
    db.query(
      sql`update assets set lease_expires_at = now() where id in (${stored}, ${lost}) and status = 'processing'`,
    );
  await seen("0 s");
  await again();
  await withLibrarian(async (one) => {
    await endedBy(one, await uploaded(await readFile(clip), "video", "video/mp4"));
    assert.equal((await rowOf(stored)).attempts, 1, "its own node is there");
    await seen("61 s");
    one.wake();
    await ended(stored, "ready");
    const waiting = await waitFor("it waits", async () => {
      const row = await rowOf(lost);
      return row.failureReason !== null && row;
    });
    assert.equal(waiting.status, "processing");
    assert.match(waiting.failureReason ?? "", /media server that recorded it/);
    await seen("25 h");
    await again();
    one.wake();
    assert.match((await ended(lost, "failed")).failureReason ?? "", /not there any more/);
  });
});

test("recordings that were deleted are removed by the node that has them, once, however often it is killed", async () => {
  const mine = [await recorded(nodeId), await recorded(nodeId), await recorded(nodeId)] as const;
  const [gone, stuck, kept] = mine;
  const away = await recorded(otherNode);
  for (const { file } of [gone, kept, away]) await copyFile(clip, file);
  await mkdir(stuck.file);
  const deleted = [gone, stuck, away].map((one) => one.recordingId);
  await db.query(sql`update recordings set status = 'deleted' where id = any(${deleted})`);
  const sweep = (node: string) =>
    removeDeletedRecordings({ db, log: openLog("media-agent", "silent"), nodeId: node, dataDir });
  const left = async () =>
    (
      await db.query<{ id: string }>(sql`
      select id from recordings where id = any(${deleted}) and removed_at is null order by id`)
    ).map(({ id }) => id);
  const there = () =>
    [gone, stuck, kept, away].filter(({ file }) => existsSync(file)).map(({ recordingId }) => recordingId);

  await sweep(nodeId);
  assert.deepEqual(
    there(),
    [stuck, kept, away].map((one) => one.recordingId),
  );
  assert.deepEqual(await left(), [stuck, away].map((one) => one.recordingId).sort(), "what cannot be removed is owed");
  // As one leaves it that is killed after the file and before the row.
  await rm(stuck.file, { recursive: true });
  await sweep(nodeId);
  await copyFile(clip, gone.file);
  await sweep(nodeId);
  assert.ok(existsSync(gone.file), "what has its name later is not touched");
  assert.deepEqual(await left(), [away.recordingId]);
  await sweep(otherNode);
  assert.deepEqual([await left(), existsSync(away.file), existsSync(kept.file)], [[], false, true]);
});
