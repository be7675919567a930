import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { mkdir, writeFile } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { test } from "node:test";
import { Asset, AssetCreated, AssetList, Studio } from "@trax/contract";
import { newId } from "@trax/foundation/ids";
import { mountSmallDisk } from "@trax/peers";
import sql from "sql-template-tag";
import { refusedAs, shapeOf } from "../../testing/shape.ts";
import { Tenant, assertIsolated } from "../../testing/tenant.ts";
import { bytes, hash, startLibrary, until } from "./testing/uploading.ts";

const { dataDir, control, database, ada, here, create, read, send, offsetOf, filesOf, cutOff } = await startLibrary();

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

test("signed files are limited by whose they are, ten times as high, and what is not signed by its address", async () => {
  const { baseUrl } = await control.another({ TRAX_DATA_DIR: dataDir, TRAX_RATE_LIMIT: "3/3600" });
  const eve = await Tenant.make(control);
  const fileOf = async (tenant: Tenant): Promise<string> => {
    const made = await create({}, tenant);
    assert.equal(await send(made, bytes), "200");
    const { downloadUrl } = shapeOf(await tenant.call("GET", `/v1/media/${made.id}`), 200, Asset);
    return baseUrl + (downloadUrl ?? "").slice(new URL(downloadUrl ?? "").origin.length);
  };
  const statusesOf = async (url: string, times: number): Promise<number[]> => {
    const statuses: number[] = [];
    for (let n = 0; n < times; n++) {
      const answer = await fetch(url, { headers: { range: "bytes=0-9" } });
      await answer.arrayBuffer();
      statuses.push(answer.status);
    }
    return statuses;
  };
  const [mine, theirs] = [await fileOf(ada), await fileOf(eve)];
  assert.deepEqual(await statusesOf(mine.replace(/signature=../, "signature=AA"), 4), [403, 403, 403, 429]);
  assert.deepEqual(await statusesOf(mine, 31), [...Array.from({ length: 30 }, () => 206), 429]);
  assert.deepEqual(await statusesOf(theirs, 1), [206]);
});

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

test("bytes that were all there when their node was killed are looked at once they are sent again", async () => {
  const made = await create();
  const directory = join(dataDir, "objects", "assets", made.id);
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, "original"), bytes);
  assert.equal((await read(made)).status, "awaiting_upload");
  assert.equal(await send(made, bytes), "409 upload_finished");
  assert.equal((await read(made)).status, "processing");
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
