import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { after, test } from "node:test";
import {
  Asset,
  AssetCreated,
  AssetList,
  Program,
  Scene,
  SceneList,
  Source,
  SourceCreated,
  Studio,
} from "@trax/contract";
import { newId } from "@trax/foundation/ids";
import { mountSmallDisk } from "@trax/peers";
import sql from "sql-template-tag";
import { startControl } from "../../testing/control.ts";
import { refusedAs, shapeOf } from "../../testing/shape.ts";
import { Tenant, assertIsolated } from "../../testing/tenant.ts";

const dataDir = await mkdtemp(join(tmpdir(), "trax-library-"));
after(() => rm(dataDir, { recursive: true, force: true }));
const control = await startControl({ TRAX_DATA_DIR: dataDir, TRAX_MEDIA_QUOTA_BYTES: "10000000" });
after(() => control[Symbol.asyncDispose]());
const { database } = control;
const ada = await Tenant.make(control);

const hash = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");
const bytes = randomBytes(300_000);

/** A signed URL here: the public one has no port, since any free one was asked for. */
const here = (url: string): string => control.baseUrl + url.slice(new URL(url).origin.length);

async function create(body: object = {}, tenant = ada): Promise<AssetCreated> {
  const usual = { name: "Clip.mp4", contentType: "video/mp4", sizeBytes: bytes.length, sha256: hash(bytes) };
  return shapeOf(await tenant.call("POST", "/v1/media", { ...usual, ...body }), 201, AssetCreated);
}

const read = async ({ id }: { readonly id: string }): Promise<Asset> =>
  shapeOf(await ada.call("GET", `/v1/media/${id}`), 200, Asset);

async function send(
  { upload }: AssetCreated,
  body: Uint8Array<ArrayBuffer>,
  headers: Readonly<Record<string, string>> = {},
  url = upload.url,
): Promise<string> {
  const answer = await fetch(here(url), { method: "PUT", headers: { ...upload.headers, ...headers }, body });
  const text = await answer.text();
  const code = /"code":"(\w+)"/.exec(text)?.[1];
  return code === undefined ? String(answer.status) : `${answer.status} ${code}`;
}

const offsetOf = async ({ upload }: AssetCreated): Promise<string | null> =>
  (await fetch(here(upload.url), { method: "HEAD" })).headers.get("upload-offset");

/** Files of objects, and of those that are not whole, below the data directory. */
const filesOf = async ({ id }: { readonly id: string }): Promise<string[]> =>
  (await readdir(join(dataDir, "objects"), { recursive: true }).catch(() => [])).filter((name) =>
    name.includes(`${id}/`),
  );

test("what was told is taken, once, and looked at by the media side", async () => {
  const made = await create();
  assert.equal(made.status, "awaiting_upload");
  assert.equal(made.downloadUrl, null);
  refusedAs(await ada.call("POST", `/v1/media/${made.id}/complete`), 409, "upload_incomplete");
  assert.equal(await send(made, bytes), "200");
  assert.equal(await send(made, bytes), "409 upload_finished");
  const asset = await read(made);
  assert.deepEqual([asset.status, asset.progress, asset.sha256], ["processing", 0, hash(bytes)]);
  assert.deepEqual(shapeOf(await ada.call("POST", `/v1/media/${made.id}/complete`), 200, Asset), asset);
  refusedAs(await ada.call("POST", `/v1/media/${made.id}/upload`), 409, "upload_finished");
  assert.deepEqual(await filesOf(made), [`assets/${made.id}/original`]);

  const part = await fetch(here(asset.downloadUrl ?? ""), { headers: { range: "bytes=10-19" } });
  assert.equal(part.status, 206);
  assert.deepEqual(Buffer.from(await part.arrayBuffer()), bytes.subarray(10, 20));
  assert.equal(part.headers.get("content-type"), "video/mp4");
  assert.equal(part.headers.get("content-disposition"), `attachment; filename="Clip.mp4"`);
});

test("another length, type or content is refused, and the URL stays good for the right ones", async () => {
  const made = await create();
  assert.equal(await send(made, bytes.subarray(1)), "400 invalid_request");
  assert.equal(await send(made, Buffer.concat([bytes, bytes])), "400 invalid_request");
  assert.equal(await send(made, bytes, { "content-type": "image/png" }), "415 unsupported_media_type");
  assert.equal(await send(made, randomBytes(bytes.length)), "400 checksum_mismatch");
  assert.deepEqual(await filesOf(made), []);
  assert.equal((await read(made)).status, "awaiting_upload");
  assert.equal(await send(made, bytes), "200");
});

test("a URL that was changed, or has run out, is refused", async () => {
  const made = await create();
  const other = await create();
  const url = made.upload.url;
  for (const wrong of [
    url.replace(made.id, other.id),
    url.replace(/expires=\d+/, (found) => `${found}0`),
    url.replace(/signature=../, "signature=AA"),
    url.replace(/\?.*/, ""),
  ])
    assert.equal(await send(made, bytes, {}, wrong), "403 signed_url_refused", wrong);
  const asset = made.id;
  assert.equal(await send(made, bytes), "200");
  const { downloadUrl } = await read({ id: asset });
  for (const wrong of [
    downloadUrl?.replace("original", "other"),
    downloadUrl?.replace("video%2Fmp4", "text%2Fhtml"),
    downloadUrl?.replace("Clip", "Clap"),
  ]) {
    const answer = await fetch(here(wrong ?? ""));
    assert.equal(answer.status, 403, wrong);
    await answer.arrayBuffer();
  }
});

async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await delay(10);
}

/** Sends the beginning of an upload, and breaks the connection when the server has it. */
async function cutOff(made: AssetCreated, part: Uint8Array): Promise<void> {
  const asked = request(here(made.upload.url), {
    method: "PUT",
    headers: { ...made.upload.headers, "content-length": bytes.length },
  });
  asked.on("error", () => undefined);
  asked.write(part);
  await until(async () => (await offsetOf(made)) === String(part.length));
  asked.destroy();
}

test("an upload that is cut off is gone on with, from where it was cut", async () => {
  const made = await create();
  await cutOff(made, bytes.subarray(0, 100_000));
  const again = shapeOf(await ada.call("POST", `/v1/media/${made.id}/upload`), 200, AssetCreated);
  assert.equal(again.upload.receivedBytes, 100_000);
  const range = (first: number, last: number): Record<string, string> => ({
    "content-range": `bytes ${first}-${last}/${bytes.length}`,
  });
  assert.equal(await send(again, bytes.subarray(200_000), range(200_000, 299_999)), "409 upload_incomplete");
  assert.equal(await send(again, bytes.subarray(100_000, 200_000), range(100_000, 199_998)), "400 invalid_request");
  assert.equal(await send(again, bytes.subarray(100_000, 200_000), range(100_000, 199_999)), "202");
  assert.equal(await offsetOf(again), "200000");
  assert.deepEqual(await filesOf(made), [`.incoming/assets/${made.id}/original`]);
  assert.equal(await send(again, bytes.subarray(200_000), range(200_000, 299_999)), "200");
  assert.deepEqual(await filesOf(made), [`assets/${made.id}/original`]);
  assert.equal((await read(made)).status, "processing");
});

test("of two at once one wins, and the other is told", async () => {
  const made = await create();
  const first = request(here(made.upload.url), {
    method: "PUT",
    headers: { ...made.upload.headers, "content-length": bytes.length },
  });
  const answered = new Promise<number | undefined>((resolve, reject) => {
    first.once("response", (answer) => resolve(answer.resume().statusCode));
    first.once("error", reject);
  });
  first.write(bytes.subarray(0, 1_000));
  await until(async () => (await offsetOf(made)) === "1000");
  assert.equal(await send(made, bytes), "409 upload_in_progress");
  first.end(bytes.subarray(1_000));
  assert.equal(await answered, 200);
});

test("where there is no room, that is said, nothing is left, and the same is taken when there is some", async () => {
  const [whole, inPieces] = [await create(), await create()];
  const disk = await mountSmallDisk(join(dataDir, "objects"), 200_000);
  try {
    assert.equal(await send(whole, bytes), "507 storage_full");
    assert.deepEqual(await filesOf(whole), []);
    const first = { "content-range": `bytes 0-99999/${bytes.length}` };
    assert.equal(await send(inPieces, bytes.subarray(0, 100_000), first), "202");
    const rest = { "content-range": `bytes 100000-299999/${bytes.length}` };
    assert.equal(await send(inPieces, bytes.subarray(100_000), rest), "507 storage_full");
    assert.deepEqual(await filesOf(inPieces), []);
    for (const made of [whole, inPieces]) assert.equal((await read(made)).status, "awaiting_upload");
    await disk.leave(1_000_000);
    for (const made of [whole, inPieces]) {
      assert.equal(await offsetOf(made), "0");
      assert.equal(await send(made, bytes), "200");
    }
  } finally {
    await disk.remove();
  }
});

test("a quota is kept, by uploads that are not complete too, and an account may have its own", async () => {
  const eve = await Tenant.make(control);
  const made = await create({ sizeBytes: 9_000_000 }, eve);
  const body = { name: "More", contentType: "audio/mpeg", sizeBytes: 2_000_000 };
  refusedAs(await eve.call("POST", "/v1/media", body), 409, "quota_exceeded");
  await database.query(sql`update accounts set media_quota_bytes = 11000000 where id = ${eve.account.accountId}`);
  await create(body, eve);
  refusedAs(await eve.call("POST", "/v1/media", { ...body, sizeBytes: 1 }), 409, "quota_exceeded");
  assert.equal((await eve.call("DELETE", `/v1/media/${made.id}`)).status, 204);
  await create(body, eve);
  const two = await Promise.all([1, 2, 3].map(() => eve.call("POST", "/v1/media", { ...body, sizeBytes: 3_000_000 })));
  assert.deepEqual(two.map(({ status }) => status).toSorted(), [201, 201, 409]);
});

test("what is no media, or too large for its kind, is refused with words", async () => {
  for (const body of [
    { contentType: "text/html" },
    { contentType: "application/octet-stream" },
    { contentType: "image/svg+xml" },
    { contentType: "image/png", sizeBytes: 60_000_000 },
    { sizeBytes: 0 },
    { sizeBytes: 1e12 },
    { sha256: "xyz" },
    { name: "a\nb" },
  ])
    refusedAs(
      await ada.call("POST", "/v1/media", { name: "x", contentType: "video/mp4", sizeBytes: 1, ...body }),
      400,
      "invalid_request",
    );
});

test("a hostile name is only ever a name", async () => {
  const name = `../../.ssh/"evil"; rm -rf ~ 🎬.mp4`;
  const made = await create({ name });
  assert.equal(made.name, name);
  assert.equal(await send(made, bytes), "200");
  assert.deepEqual(await filesOf(made), [`assets/${made.id}/original`]);
  const answer = await fetch(here((await read(made)).downloadUrl ?? ""));
  await answer.arrayBuffer();
  assert.equal(
    answer.headers.get("content-disposition"),
    `attachment; filename="___.._.ssh__evil_; rm -rf ~ _.mp4"; filename*=UTF-8''___.._.ssh_%22evil%22%3B%20rm%20-rf%20~%20%F0%9F%8E%AC.mp4`,
  );
  const renamed = shapeOf(await ada.call("PATCH", `/v1/media/${made.id}`, { name: "Plain" }), 200, Asset);
  assert.equal(renamed.name, "Plain");
});

test("assets are listed newest first, by kind too", async () => {
  const eve = await Tenant.make(control);
  const made: string[] = [];
  for (const contentType of ["video/mp4", "image/png", "video/webm"])
    made.unshift((await create({ contentType, sizeBytes: 10 }, eve)).id);
  const list = async (query: string): Promise<AssetList> =>
    shapeOf(await eve.call("GET", `/v1/media${query}`), 200, AssetList);
  const first = await list("?limit=2");
  const rest = await list(`?limit=2&cursor=${first.nextCursor ?? ""}`);
  assert.deepEqual(
    [...first.data, ...rest.data].map(({ id }) => id),
    made,
  );
  const videos = await list("?kind=video");
  assert.deepEqual(
    videos.data.map(({ id }) => id),
    [made[0], made[2]],
  );
  refusedAs(await eve.call("GET", `/v1/media?kind=video&cursor=${first.nextCursor ?? ""}`), 400, "invalid_cursor");
});

/** Waits until nothing is owed any more for the asset. */
async function removed({ id }: { readonly id: string }): Promise<void> {
  const key = `assets/${id}/`;
  await until(async () => (await database.query(sql`select from owed_removals where key = ${key}`)).length === 0);
}

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

test("only assets that are the account's, not failed and of a kind that fits can be shown", async () => {
  const eve = await Tenant.make(control);
  const theirs = await create({ contentType: "image/png" }, eve);
  const sound = await create({ contentType: "audio/mpeg" });
  const failed = await create({ contentType: "image/png" });
  await database.query(sql`update assets set status = 'failed', failure_reason = 'No.' where id = ${failed.id}`);
  const studio = await ada.studio();
  const base = `/v1/studios/${studio.id}`;
  for (const { id } of [theirs, sound, failed, { id: newId("asset") }]) {
    const layers = [{ type: "image", assetId: id }];
    refusedAs(await ada.call("POST", `${base}/scenes`, { name: "No", layers }), 400, "invalid_request");
    refusedAs(
      await ada.call("PUT", `${base}/program/overlays`, { overlays: [{ type: "logo", assetId: id }] }),
      400,
      "invalid_request",
    );
    refusedAs(await ada.call("PATCH", base, { slate: { assetId: id } }), 400, "invalid_request");
    if (id !== sound.id)
      refusedAs(
        await ada.call("POST", `${base}/sources`, { name: "No", kind: "media", assetId: id }),
        400,
        "invalid_request",
      );
  }
  const unset = shapeOf(await ada.call("PATCH", base, { slate: { assetId: null } }), 200, Studio);
  assert.equal(unset.slate.assetId, null);
  assert.equal((await ada.call("DELETE", `/v1/media/${failed.id}`)).status, 204);
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

test("bytes that were all there when their node was killed are looked at once they are sent again", async () => {
  const made = await create();
  const directory = join(dataDir, "objects", "assets", made.id);
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, "original"), bytes);
  assert.equal((await read(made)).status, "awaiting_upload");
  assert.equal(await send(made, bytes), "409 upload_finished");
  assert.equal((await read(made)).status, "processing");
});

test("a recording that was deleted keeps its name, so that it does not come back", async () => {
  const asset = await create();
  const studio = await ada.studio();
  const [id, broadcastId, { accountId }] = [newId("recording"), newId("broadcast"), ada.account];
  await database.query(sql`
    insert into broadcasts (id, account_id, studio_id, started_by, desired, ended_at)
    values (${broadcastId}, ${accountId}, ${studio.id}, 'request', 'ended', now())`);
  await database.query(sql`
    insert into recordings (id, account_id, studio_id, broadcast_id, node_id, path, status, asset_id)
    values (${id}, ${accountId}, ${studio.id}, ${broadcastId}, 'node', 'x', 'ready', ${asset.id})`);
  assert.equal((await ada.call("DELETE", `/v1/media/${asset.id}`)).status, 204);
  const rows = await database.query(sql`select asset_id as "assetId" from recordings where id = ${id}`);
  assert.deepEqual(rows, [{ assetId: asset.id }]);
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

test("another tenant's assets are as if there were none", async () => {
  const eve = await Tenant.make(control);
  const made = await create();
  const [theirs, nobodys] = [`/v1/media/${made.id}`, `/v1/media/${newId("asset")}`];
  await assertIsolated(eve, [
    { method: "GET", theirs, nobodys },
    { method: "PATCH", theirs, nobodys, body: { name: "Mine" } },
    { method: "DELETE", theirs, nobodys },
    { method: "POST", theirs: `${theirs}/complete`, nobodys: `${nobodys}/complete` },
    { method: "POST", theirs: `${theirs}/upload`, nobodys: `${nobodys}/upload` },
  ]);
  assert.deepEqual(shapeOf(await eve.call("GET", "/v1/media"), 200, AssetList).data, []);
});
