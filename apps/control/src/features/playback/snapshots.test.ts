import assert from "node:assert/strict";
import { after, test } from "node:test";
import { MediaSessionCreated } from "@trax/contract";
import { newId } from "@trax/foundation/ids";
import { listen } from "@trax/foundation/listen";
import { channels, heartbeat, readSnapshotRequest, writeGauges, writeSnapshot } from "@trax/media-protocol";
import sql from "sql-template-tag";
import { startControl } from "../../testing/control.ts";
import { refusedAs, shapeOf } from "../../testing/shape.ts";
import { Tenant, assertIsolated } from "../../testing/tenant.ts";

const control = await startControl();
after(() => control[Symbol.asyncDispose]());
const { database } = control;
const ada = await Tenant.make(control);
const eve = await Tenant.make(control);

const jpeg = (name: string) => Buffer.concat([Buffer.from([0xff, 0xd8, 0xff, 0xe0]), Buffer.from(name)]);

/** Stands for the media agent: gives a picture for each request, until disposed of. */
async function startPainter(): Promise<AsyncDisposable & { readonly asked: string[] }> {
  const asked: string[] = [];
  const listening = Promise.withResolvers<void>();
  const listener = listen({
    url: control.postgres.url,
    channels: [channels.snapshot],
    onNotification: (_channel, payload) => {
      const request = readSnapshotRequest(payload);
      if (request === null) return;
      asked.push(request.of);
      void writeSnapshot(database, { ...request, jpeg: jpeg(`${request.of} ${asked.length}`) });
    },
    onReconnected: listening.resolve,
    onError: listening.reject,
  });
  await listening.promise;
  return { asked, [Symbol.asyncDispose]: () => listener.close() };
}

const seen = async (path: string): Promise<string> => {
  const response = await fetch(control.baseUrl + path, { headers: { authorization: `Bearer ${ada.account.key}` } });
  assert.equal(response.status, 200);
  assert.equal(response.headers.get("content-type"), "image/jpeg");
  assert.equal(response.headers.get("cache-control"), "no-store");
  assert.ok(Date.now() - Date.parse(response.headers.get("x-taken-at") ?? "") < 1_500);
  const bytes = Buffer.from(await response.arrayBuffer());
  assert.deepEqual([...bytes.subarray(0, 4)], [0xff, 0xd8, 0xff, 0xe0]);
  return bytes.subarray(4).toString();
};

test("a picture of the program is asked for, and used again while it is fresh", async () => {
  const { id } = await ada.studio();
  await using painter = await startPainter();
  const path = `/v1/studios/${id}/program/snapshot`;
  const together = await Promise.all([seen(path), seen(path), seen(path)]);
  assert.deepEqual(new Set(together), new Set([`program:${id} 1`]));
  assert.equal(await seen(path), `program:${id} 1`);
  assert.deepEqual(painter.asked, [`program:${id}`]);
  await database.query(sql`update snapshots set taken_at = now() - interval '2 seconds'`);
  assert.equal(await seen(path), `program:${id} 2`);
  const [row] = await database.query<{ left: number }>(
    sql`select extract(epoch from watched_until - now())::float8 as left from programs where studio_id = ${id}`,
  );
  assert.ok(row !== undefined && row.left > 10 && row.left <= 15, "the program runs for it a while");
});

test("of a source that is offline there is none; of one that is online there is", async () => {
  const { id } = await ada.studio();
  const source = await ada.source(id);
  const path = `/v1/studios/${id}/sources/${source.id}/snapshot`;
  refusedAs(await ada.call("GET", path), 409, "conflict");
  await database.query(sql`update sources set status = 'online' where id = ${source.id}`);
  await using painter = await startPainter();
  assert.equal(await seen(path), `source:${source.id} 1`);
  assert.deepEqual(painter.asked, [`source:${source.id}`]);
});

test("when none comes in time, that is said", async () => {
  const { id } = await ada.studio();
  refusedAs(await ada.call("GET", `/v1/studios/${id}/program/snapshot`), 503, "media_unavailable");
});

test("another tenant's is not there, and a key needs the scope", async () => {
  const { id } = await ada.studio();
  const source = await ada.source(id);
  const [noStudio, noSource] = [newId("studio"), newId("source")];
  await assertIsolated(eve, [
    {
      method: "GET",
      theirs: `/v1/studios/${id}/program/snapshot`,
      nobodys: `/v1/studios/${noStudio}/program/snapshot`,
    },
    {
      method: "GET",
      theirs: `/v1/studios/${id}/sources/${source.id}/snapshot`,
      nobodys: `/v1/studios/${id}/sources/${noSource}/snapshot`,
    },
  ]);
  const { secret } = await control.mint(ada.account, { scopes: ["studios:read"] });
  for (const path of [`/v1/studios/${id}/program/snapshot`, `/v1/studios/${id}/sources/${source.id}/snapshot`])
    refusedAs(await control.call(path, { key: secret }), 403, "insufficient_scope");
});

test("with a source its picture goes, and none comes after it", async () => {
  const { id } = await ada.studio();
  const source = await ada.source(id);
  const snapshot = { studioId: id, of: `source:${source.id}`, jpeg: jpeg("late") } as const;
  const kept = () => database.query(sql`select from snapshots where studio_id = ${id}`);
  await writeSnapshot(database, snapshot);
  assert.equal((await kept()).length, 1);
  assert.equal((await ada.call("DELETE", `/v1/studios/${id}/sources/${source.id}`)).status, 204);
  assert.equal((await kept()).length, 0);
  await writeSnapshot(database, snapshot);
  assert.equal((await kept()).length, 0);
});

test("a program that the nodes cannot carry does not start to be watched; one that runs may be", async () => {
  const size = { width: 1920, height: 1080, frameRate: 60 };
  const [first, second] = [await ada.studio({ program: size }), await ada.studio({ program: size })];
  const watched = async ({ id }: { readonly id: string }) =>
    (await database.query(sql`select from programs where studio_id = ${id} and watched_until > now()`)).length === 1;
  const forget = () => database.query(sql`delete from programs`);
  const play = ({ id }: { readonly id: string }) =>
    ada.call("POST", `/v1/studios/${id}/media-sessions`, { role: "play" });
  await forget();
  // One of them costs 124 megapixels a second: three cores.
  await heartbeat(database, "node-1", new Date(), { cores: 4, coresPerMegapixel: 0.024, busy: 0.1 });
  assert.equal((await play(first)).status, 201);
  assert.ok(await watched(first));
  const answer = await play(second);
  assert.equal(answer.status, 201, "it is leave to watch later, too");
  assert.ok(!(await watched(second)));
  const refused = await ada.call("GET", `/v1/studios/${second.id}/program/snapshot`);
  refusedAs(refused, 503, "no_capacity");
  assert.equal(refused.headers.get("retry-after"), "30");
  const { token } = shapeOf(answer, 201, MediaSessionCreated);
  const offered = await control.call(`/whep/${second.id}`, {
    method: "POST",
    key: token,
    headers: { "content-type": "application/sdp" },
    body: "v=0",
  });
  refusedAs(offered, 503, "no_capacity");

  const gauges = { frameRate: 60, behindMs: 0, skippedFrames: 0, bitrate: 0, preset: "fast", cores: 3, driftMs: 0 };
  await writeGauges(database, [], [], [{ studioId: first.id, ...gauges }]);
  await forget();
  assert.equal((await play(second)).status, 201);
  assert.ok(!(await watched(second)), "the first runs, though nobody said just now that it is watched");
  assert.equal((await play(first)).status, 201);
  assert.ok(await watched(first));
  // Who goes live comes before who watches.
  const live = await ada.call("POST", `/v1/studios/${second.id}/go-live`, { allowNoDestinations: true });
  assert.equal(live.status, 200, live.text);
});
