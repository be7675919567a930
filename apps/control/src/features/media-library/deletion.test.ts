import assert from "node:assert/strict";
import { request } from "node:http";
import { test } from "node:test";
import { Broadcast, Program, Scene, SceneList, Source, SourceCreated, Studio } from "@trax/contract";
import type { AssetCreated } from "@trax/contract";
import { newId } from "@trax/foundation/ids";
import { adoptRecording, readDeletedRecordings } from "@trax/media-protocol";
import sql from "sql-template-tag";
import { refusedAs, shapeOf } from "../../testing/shape.ts";
import { Tenant } from "../../testing/tenant.ts";
import { bytes, startLibrary, until } from "./testing/uploading.ts";

const { dataDir, control, database, ada, here, create, send, offsetOf, filesOf, cutOff, removed } =
  await startLibrary();

test("what shows an asset is named where it is deleted, and told where it is deleted all the same", async () => {
  const image = await create({ contentType: "image/png", name: "Logo" });
  const studio = await ada.studio({ slate: { assetId: image.id, text: null } });
  assert.equal(studio.slate.assetId, image.id);
  const base = `/v1/studios/${studio.id}`;
  const scene = await ada.call("POST", `${base}/scenes`, {
    name: "Both",
    layers: [{ type: "image", assetId: image.id }],
  });
  assert.equal(scene.status, 201, scene.text);
  const logo = { overlays: [{ type: "logo", assetId: image.id }] };
  assert.equal((await ada.call("PUT", `${base}/program/overlays`, logo)).status, 200);
  const source = await ada.call("POST", `${base}/sources`, { name: "Still", kind: "media", assetId: image.id });
  assert.equal(source.status, 201, source.text);

  const refused = await ada.call("DELETE", `/v1/media/${image.id}`);
  refusedAs(refused, 409, "asset_in_use");
  for (const id of [scene, source].map(({ json }) => /"id":"(\w+)"/.exec(JSON.stringify(json))?.[1] ?? "?"))
    assert.ok(refused.text.includes(id), `${id} in ${refused.text}`);
  assert.equal((await ada.call("DELETE", `/v1/media/${image.id}?force=true`)).status, 204);
  refusedAs(await ada.call("GET", `/v1/media/${image.id}`), 404, "not_found");
  refusedAs(await ada.call("DELETE", `/v1/media/${image.id}`), 404, "not_found");

  // What named it says that it is gone, and takes what was read back as it is.
  const ofScene = `${base}/scenes/${shapeOf(scene, 201, Scene).id}`;
  const ofSource = `${base}/sources/${shapeOf(source, 201, SourceCreated).id}`;
  const { layers, missingIds } = shapeOf(await ada.call("GET", ofScene), 200, Scene);
  assert.deepEqual([layers[0]?.assetId, missingIds], [image.id, [image.id]]);
  const listed = shapeOf(await ada.call("GET", `${base}/scenes`), 200, SceneList);
  assert.deepEqual(listed.data[0]?.missingIds, [image.id]);
  const again = shapeOf(await ada.call("PATCH", ofScene, { name: "Less", layers }), 200, Scene);
  assert.deepEqual([again.name, again.missingIds], ["Less", [image.id]]);
  const program = shapeOf(await ada.call("GET", `${base}/program`), 200, Program);
  assert.deepEqual(program.missingIds, [image.id]);
  const { overlays } = program;
  assert.equal((await ada.call("PUT", `${base}/program/overlays`, { overlays })).status, 200);
  const { slate, missingIds: ofStudio } = shapeOf(await ada.call("GET", base), 200, Studio);
  assert.deepEqual(ofStudio, [image.id]);
  assert.equal((await ada.call("PATCH", base, { slate })).status, 200);
  assert.match(
    shapeOf(await ada.call("GET", ofSource), 200, Source).lastError?.message ?? "",
    /not in the media library/,
  );
  assert.equal((await ada.call("PATCH", ofSource, { name: "Gone", assetId: image.id })).status, 200);
  // Nothing begins to name it.
  refusedAs(await ada.call("POST", `${base}/scenes`, { name: "New", layers }), 400, "invalid_request");
  refusedAs(await ada.call("PATCH", base, { slate: { assetId: newId("asset") } }), 400, "invalid_request");
  const cleared = shapeOf(await ada.call("PATCH", base, { slate: { assetId: null } }), 200, Studio);
  assert.deepEqual(cleared.missingIds, []);
});

test("what was deleted is removed from the disk, and what arrives for it later too", async () => {
  const made = await create();
  assert.equal(await send(made, bytes), "200");
  assert.equal((await filesOf(made)).length, 1);
  assert.equal((await ada.call("DELETE", `/v1/media/${made.id}`)).status, 204);
  await removed(made);
  assert.deepEqual(await filesOf(made), []);
  assert.equal(await send(made, bytes), "404 not_found");

  const half = await create();
  await cutOff(half, bytes.subarray(0, 100_000));
  assert.equal((await ada.call("DELETE", `/v1/media/${half.id}`)).status, 204);
  await removed(half);
  assert.deepEqual(await filesOf(half), []);
});

test("what was deleted while it came is not there, and leave to send it that S3 has given is outlived", async () => {
  const made = await create();
  const sending = request(here(made.upload.url), {
    method: "PUT",
    headers: { ...made.upload.headers, "content-length": bytes.length },
  });
  const answered = new Promise<number | undefined>((resolve, reject) => {
    sending.once("response", (answer) => resolve(answer.resume().statusCode));
    sending.once("error", reject);
  });
  sending.write(bytes.subarray(0, 1_000));
  await until(async () => (await offsetOf(made)) === "1000");
  assert.equal((await ada.call("DELETE", `/v1/media/${made.id}`)).status, 204);
  await removed(made);
  sending.end(bytes.subarray(1_000));
  assert.equal(await answered, 404);
  const [again] = await database.query<{ isAfter: boolean }>(sql`
    select created_at > ${made.upload.expiresAt} as "isAfter" from owed_removals where key = ${`assets/${made.id}/original`}`);
  assert.deepEqual(again, { isAfter: true });
});

test("an account that is deleted outright leaves nothing that is stored", async () => {
  const eve = await Tenant.make(control);
  const [whole, half, mine] = [await create({}, eve), await create({}, eve), await create()];
  assert.equal(await send(whole, bytes), "200");
  await cutOff(half, bytes.subarray(0, 100_000));
  const studio = await eve.studio();
  const layers = [{ type: "media", assetId: whole.id }];
  assert.equal((await eve.call("POST", `/v1/studios/${studio.id}/scenes`, { name: "It", layers })).status, 201);
  await database.query(sql`delete from accounts where id = ${eve.account.accountId}`);
  const later = await database.query<{ key: string }>(sql`
    select key from owed_removals where created_at > ${half.upload.expiresAt} and key in (
      ${`assets/${whole.id}/original`}, ${`assets/${half.id}/original`})`);
  assert.equal(later.length, 2, "leave to send that S3 has given is outlived");
  // Whatever else is deleted has the sweep come soon.
  assert.equal((await ada.call("DELETE", `/v1/media/${mine.id}`)).status, 204);
  for (const made of [whole, half]) {
    await removed(made);
    assert.deepEqual(await filesOf(made), []);
    assert.equal(await send(made, bytes), "404 not_found");
  }
});

/** A recording of a studio that is in the library, as its node leaves it. */
async function recorded(asset: AssetCreated) {
  const studio = await ada.studio();
  const [id, broadcastId, { accountId }] = [newId("recording"), newId("broadcast"), ada.account];
  await database.query(sql`
    insert into broadcasts (id, account_id, studio_id, started_by, desired, ended_at)
    values (${broadcastId}, ${accountId}, ${studio.id}, 'request', 'ended', now())`);
  await database.query(sql`
    insert into recordings (id, account_id, studio_id, broadcast_id, node_id, path, status, size_bytes, asset_id)
    values (${id}, ${accountId}, ${studio.id}, ${broadcastId}, 'node', ${`recordings/${id}.mp4`}, 'ready', 7, ${asset.id})`);
  await database.query(sql`
    update assets set origin = 'recording', recording_id = ${id}, status = 'processing' where id = ${asset.id}`);
  const of = `/v1/studios/${studio.id}/broadcasts/${broadcastId}`;
  return { id, of, studioId: studio.id, file: `${of}/recordings/${id}/file` };
}

test("a recording is deleted with its asset: its broadcast tells of it, and its node is left to remove the file", async () => {
  const asset = await create();
  const { id, of, studioId, file } = await recorded(asset);
  const layers = [{ type: "media", assetId: asset.id }];
  await ada.call("POST", `/v1/studios/${studioId}/scenes`, { name: "Again", layers });
  refusedAs(await ada.call("DELETE", `/v1/media/${asset.id}`), 409, "asset_in_use");
  const told = async () => shapeOf(await ada.call("GET", of), 200, Broadcast).recordings;
  assert.deepEqual(
    (await told()).map(({ status, assetId }) => [status, assetId]),
    [["ready", asset.id]],
  );
  const deleted = await Promise.all([1, 2].map(() => ada.call("DELETE", `/v1/media/${asset.id}?force=true`)));
  assert.deepEqual(deleted.map(({ status }) => status).sort(), [204, 404]);
  assert.deepEqual(
    (await told()).map((one) => [one.id, one.status, one.assetId, one.downloadUrl, one.sizeBytes]),
    [[id, "deleted", null, null, 7]],
  );
  refusedAs(await ada.call("GET", file), 404, "not_found");
  assert.deepEqual(
    (await readDeletedRecordings(database, "node")).map(({ recordingId, path }) => [recordingId, path]),
    [[id, `recordings/${id}.mp4`]],
  );
  assert.equal(await adoptRecording(database, "node"), null, "it does not come back");
  const events = await database.query<{ data: object }>(sql`
    select data from events where studio_id = ${studioId} and type = 'recording.status_changed'`);
  const broadcastId = of.split("/").at(-1);
  assert.deepEqual(events, [
    { data: { recordingId: id, broadcastId, status: "deleted", previousStatus: "ready", failureReason: null } },
  ]);
});

test("what is still being copied is removed once nobody can be writing it; a studio that is gone is no hindrance", async () => {
  const [copied, orphan] = [await create(), await create()];
  await recorded(copied);
  await database.query(
    sql`update assets set node_id = 'node', lease_expires_at = now() + interval '30 s' where id = ${copied.id}`,
  );
  const { studioId } = await recorded(orphan);
  assert.equal((await ada.call("DELETE", `/v1/studios/${studioId}`)).status, 204);
  for (const { id } of [copied, orphan]) assert.equal((await ada.call("DELETE", `/v1/media/${id}`)).status, 204);
  await removed(orphan);
  const owed = await database.query(sql`
    select from owed_removals where key = ${`assets/${copied.id}/`} and created_at > now() + interval '30 s'`);
  assert.equal(owed.length, 1);
});

test("uploads that nobody completes are swept with what came of them", async () => {
  const half = await create();
  await cutOff(half, bytes.subarray(0, 100_000));
  const due = await create();
  await database.query(
    sql`update assets set upload_expires_at = now() - interval '10 s' where id in (${half.id}, ${due.id})`,
  );
  const other = await control.another({ TRAX_DATA_DIR: dataDir, TRAX_MEDIA_UPLOAD_TTL_S: "1" });
  await until(async () => (await ada.call("GET", `/v1/media/${half.id}`)).status === 404);
  await removed(half);
  assert.deepEqual(await filesOf(half), []);
  refusedAs(await ada.call("GET", `/v1/media/${due.id}`), 404, "not_found");
  await other.control.close();
});
