import assert from "node:assert/strict";
import { after, test } from "node:test";
import { MediaSessionCreated, MediaSessionList, Source, SourceList } from "@trax/contract";
import { newId } from "@trax/foundation/ids";
import { findPublishSession, recordSource, writeGauges } from "@trax/media-protocol";
import sql from "sql-template-tag";
import { startControl } from "../../testing/control.ts";
import { refusedAs, shapeOf } from "../../testing/shape.ts";
import { Tenant, assertIsolated } from "../../testing/tenant.ts";

const control = await startControl({ TRAX_RTMP_PORT: "2935", TRAX_PUBLIC_URL: "http://live.example.com" });
after(() => control[Symbol.asyncDispose]());
const { database } = control;
const ada = await Tenant.make(control);
const eve = await Tenant.make(control);

test("a source comes with a publish session that the media side knows, its token shown once", async () => {
  const studio = await ada.studio();
  const { session, ...source } = await ada.source(studio.id, { onConflict: "replace" });
  assert.equal(source.status, "offline");
  assert.equal(session.ingest.rtmp.url, "rtmp://live.example.com:2935/in");
  assert.equal(session.ingest.rtmp.streamKey, `${source.id}?token=${session.token}`);
  const days = (Date.parse(session.expiresAt) - Date.parse(session.createdAt)) / 86_400_000;
  assert.equal(days, 365);

  const found = await findPublishSession(database, session.token);
  assert.equal(found?.sourceId, source.id);
  assert.equal(found.onConflict, "replace");
  assert.deepEqual(await ada.readSource(studio.id, source.id), source);
  const stored = await database.query(sql`select t::text from media_sessions t where id = ${session.id}`);
  assert.ok(!JSON.stringify(stored).includes(session.token));
  const list = await ada.call("GET", `/v1/studios/${studio.id}/media-sessions`);
  assert.deepEqual(
    shapeOf(list, 200, MediaSessionList).data.map((one) => one.id),
    [session.id],
  );
  assert.ok(!list.text.includes(session.token));
});

test("a source is changed and deleted, and its sessions end with it", async () => {
  const studio = await ada.studio();
  const { id, session } = await ada.source(studio.id);
  const path = `/v1/studios/${studio.id}/sources/${id}`;
  const changed = shapeOf(await ada.call("PATCH", path, { name: " Left " }), 200, Source);
  assert.equal(changed.name, "Left");
  assert.equal(changed.onConflict, "refuse");
  assert.equal((await ada.call("DELETE", path)).status, 204);
  assert.equal(await findPublishSession(database, session.token), null);
  refusedAs(await ada.call("GET", path), 404, "not_found");
  refusedAs(await ada.call("PATCH", path, {}), 404, "not_found");
  refusedAs(await ada.call("DELETE", path), 404, "not_found");
});

test("sessions are made for a source, listed while they last, and revoked", async () => {
  const studio = await ada.studio();
  const source = await ada.source(studio.id);
  const path = `/v1/studios/${studio.id}/media-sessions`;
  const made = shapeOf(
    await ada.call("POST", path, { role: "publish", sourceId: source.id, expiresInSeconds: 60 }),
    201,
    MediaSessionCreated,
  );
  assert.equal(Date.parse(made.expiresAt) - Date.parse(made.createdAt), 60_000);
  const listed = async () => shapeOf(await ada.call("GET", path), 200, MediaSessionList).data.map((one) => one.id);
  assert.deepEqual(await listed(), [made.id, source.session.id]);
  assert.equal((await ada.call("DELETE", `${path}/${made.id}`)).status, 204);
  assert.equal(await findPublishSession(database, made.token), null);
  refusedAs(await ada.call("DELETE", `${path}/${made.id}`), 404, "not_found");

  await database.query(
    sql`update media_sessions set expires_at = now() - interval '1 s' where id = ${source.session.id}`,
  );
  assert.deepEqual(await listed(), []);
  refusedAs(await ada.call("DELETE", `${path}/${source.session.id}`), 404, "not_found");
  const elsewhere = await ada.source((await ada.studio()).id);
  for (const sourceId of [newId("source"), elsewhere.id]) {
    for (const role of ["publish", "play"]) {
      const refused = await ada.call("POST", path, { role, sourceId });
      refusedAs(refused, 400, "invalid_request");
      assert.match(refused.text, /"path":"body\.sourceId"/);
    }
  }
});

test("what arrives is shown as it was seen, with the rate of this moment and no older one", async () => {
  const studio = await ada.studio();
  const { id } = await ada.source(studio.id);
  const video = { codec: "h264", width: 1280, height: 720, frameRate: 30, bitrate: null };
  const audio = { codec: "aac", sampleRate: 48_000, channels: 2, bitrate: 100_000 };
  await recordSource(database, { sourceId: id, status: "online", protocol: "rtmp", video, audio, nodeId: "n1" });
  assert.deepEqual((await ada.readSource(studio.id, id)).video, video);
  await writeGauges(database, [{ sourceId: id, bitrate: 2_600_000, lastFrameAt: null, packetLoss: null }], []);
  const seen = await ada.readSource(studio.id, id);
  assert.equal(seen.status, "online");
  assert.equal(seen.protocol, "rtmp");
  assert.deepEqual(seen.video, { ...video, bitrate: 2_500_000 });
  await database.query(sql`update source_gauges set updated_at = now() - interval '6 s' where source_id = ${id}`);
  assert.equal((await ada.readSource(studio.id, id)).video?.bitrate, null);
});

test("another tenant's sources and sessions are as if there were none", async () => {
  const studio = await ada.studio();
  const source = await ada.source(studio.id);
  const own = await eve.studio();
  const theirs = `/v1/studios/${studio.id}`;
  const nobodys = `/v1/studios/${newId("studio")}`;
  const session = { role: "publish", sourceId: source.id };
  const [sourcePath, noSource] = [`/sources/${source.id}`, `/sources/${newId("source")}`];
  await assertIsolated(eve, [
    { method: "GET", theirs: `${theirs}/sources`, nobodys: `${nobodys}/sources` },
    { method: "POST", theirs: `${theirs}/sources`, nobodys: `${nobodys}/sources`, body: { name: "Mine" } },
    { method: "GET", theirs: `${theirs}/media-sessions`, nobodys: `${nobodys}/media-sessions` },
    { method: "POST", theirs: `${theirs}/media-sessions`, nobodys: `${nobodys}/media-sessions`, body: session },
    // Through a studio of one's own, too.
    ...[theirs, `/v1/studios/${own.id}`].flatMap((base) => [
      { method: "GET", theirs: base + sourcePath, nobodys: base + noSource },
      { method: "PATCH", theirs: base + sourcePath, nobodys: base + noSource, body: { name: "Mine" } },
      { method: "DELETE", theirs: base + sourcePath, nobodys: base + noSource },
      {
        method: "DELETE",
        theirs: `${base}/media-sessions/${source.session.id}`,
        nobodys: `${base}/media-sessions/${newId("mediaSession")}`,
      },
    ]),
  ]);
  refusedAs(await eve.call("POST", `/v1/studios/${own.id}/media-sessions`, session), 400, "invalid_request");
  const list = shapeOf(await ada.call("GET", `${theirs}/sources`), 200, SourceList);
  assert.deepEqual(
    list.data.map((one) => one.name),
    ["Camera"],
  );
  assert.notEqual(await findPublishSession(database, source.session.token), null);
});
