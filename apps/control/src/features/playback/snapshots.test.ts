import assert from "node:assert/strict";
import { after, test } from "node:test";
import { newId } from "@trax/foundation/ids";
import { listen } from "@trax/foundation/listen";
import { channels, readSnapshotRequest, writeSnapshot } from "@trax/media-protocol";
import sql from "sql-template-tag";
import { startControl } from "../../testing/control.ts";
import { refusedAs } from "../../testing/shape.ts";
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
