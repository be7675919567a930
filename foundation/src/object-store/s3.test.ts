import assert from "node:assert/strict";
import { createHash, randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { after, test } from "node:test";
import { startS3 } from "@trax/peers/s3/s3";
import { readConfig } from "../config.ts";
import { openBucket } from "./s3-bucket.ts";
import { s3Uploads } from "./s3-uploads.ts";
import type { SignedRequest } from "./s3-uploads.ts";
import { openS3Store } from "./s3.ts";
import { StorageAway } from "./storage-away.ts";

const server = await startS3();
after(() => server.stop());
const bucket = openBucket(server.bucket, readConfig(server.environment));
const store = openS3Store(bucket);
after(() => store.close());
const uploads = s3Uploads(bucket);
const directory = await mkdtemp(join(tmpdir(), "trax-s3-"));
after(() => rm(directory, { recursive: true, force: true }));

const hash = (bytes: Uint8Array): string => createHash("sha256").update(bytes).digest("hex");

async function put(
  request: SignedRequest,
  bytes: Uint8Array<ArrayBuffer>,
  headers: Readonly<Record<string, string>> = {},
): Promise<number> {
  const answer = await fetch(request.url, { method: "PUT", headers: { ...request.headers, ...headers }, body: bytes });
  await answer.arrayBuffer();
  return answer.status;
}

test("a file becomes an object, is read whole and in part, and removed with what is beside it", async () => {
  const bytes = randomBytes(300_000);
  const path = join(directory, "file");
  await writeFile(path, bytes);
  await store.putFile("assets/a/original", path, { contentType: "video/mp4" });
  await store.putFile("assets/a/thumbnail.jpg", path, { contentType: "image/jpeg" });
  const uploadId = await uploads.begin("assets/a/other", "video/mp4");
  assert.equal((await store.stat("assets/a/original"))?.sizeBytes, bytes.length);
  const whole = await store.read("assets/a/original");
  assert.ok(whole !== null && (await buffer(whole.body)).equals(bytes));
  assert.equal(whole.stored.contentType, "video/mp4");
  const part = await store.read("assets/a/original", { start: 10, end: 19 });
  assert.ok(part !== null && (await buffer(part.body)).equals(bytes.subarray(10, 20)));
  assert.equal(part.stored.sizeBytes, bytes.length);
  assert.equal(await store.localPath("assets/a/original"), null);

  await store.remove("assets/a/original");
  assert.equal(await store.read("assets/a/original"), null);
  await store.remove("assets/a/");
  await store.remove("assets/a/");
  assert.equal(await store.stat("assets/a/thumbnail.jpg"), null);
  assert.equal(await uploads.parts("assets/a/other", uploadId), null, "what was sent of an upload goes, too");
});

test("a signed PUT takes exactly what was told, once", async () => {
  const bytes = randomBytes(50_000);
  const object = { key: "assets/b/original", contentType: "image/png", sizeBytes: bytes.length, sha256: hash(bytes) };
  const request = await uploads.put(object, 60);
  assert.ok((await put(request, bytes.subarray(1))) >= 400, "shorter");
  assert.ok((await put(request, randomBytes(bytes.length))) >= 400, "other bytes");
  assert.ok((await put(request, bytes, { "content-type": "image/gif" })) >= 400, "another type");
  assert.equal(await store.stat(object.key), null);
  assert.equal(await put(request, bytes), 200);
  assert.ok((await put(request, bytes)) >= 400, "again");
  const found = await store.stat(object.key);
  assert.equal(found?.sizeBytes, bytes.length);
  assert.equal(found.sha256, object.sha256);
});

test("without a checksum, length and type are held to all the same", async () => {
  const object = { key: "assets/c/original", contentType: "image/png", sizeBytes: 10, sha256: null };
  const request = await uploads.put(object, 60);
  assert.ok((await put(request, randomBytes(11))) >= 400);
  assert.equal(await put(request, randomBytes(10)), 200);
});

test("a signed PUT that has run out is refused, and nothing is there", async (t) => {
  const object = { key: "assets/g/original", contentType: "image/png", sizeBytes: 10, sha256: null };
  const uploadId = await uploads.begin("assets/h/original", "video/mp4");
  t.mock.timers.enable({ apis: ["Date"], now: Date.now() - 61_000 });
  const part = await uploads.part({ key: "assets/h/original", uploadId, partNumber: 1, sizeBytes: 10 }, 60);
  const late = await uploads.put(object, 60);
  const inTime = await uploads.put(object, 120);
  t.mock.timers.reset();
  assert.equal(await put(late, randomBytes(10)), 403);
  assert.equal(await put(part, randomBytes(10)), 403);
  assert.equal(await store.stat(object.key), null);
  assert.deepEqual(await uploads.parts("assets/h/original", uploadId), []);
  assert.equal(await put(inTime, randomBytes(10)), 200);
});

test("an upload in parts: each of its own length, listed by the server, made one once", async () => {
  const key = "assets/d/original";
  const bytes = randomBytes(5_242_880 + 1_000);
  const parts = [bytes.subarray(0, 5_242_880), bytes.subarray(5_242_880)];
  const uploadId = await uploads.begin(key, "video/mp4");
  assert.deepEqual(await uploads.parts(key, uploadId), []);
  for (const [index, part] of parts.entries()) {
    const request = await uploads.part({ key, uploadId, partNumber: index + 1, sizeBytes: part.length }, 60);
    // A refusal before megabytes were read would be a broken connection to some clients.
    if (part.length < 10_000) assert.ok((await put(request, part.subarray(1))) >= 400);
    assert.equal(await put(request, part), 200);
  }
  const sent = await uploads.parts(key, uploadId);
  assert.deepEqual(
    sent?.map(({ partNumber, sizeBytes }) => [partNumber, sizeBytes]),
    [
      [1, 5_242_880],
      [2, 1_000],
    ],
  );
  await uploads.complete(key, uploadId, sent ?? []);
  await uploads.complete(key, uploadId, sent ?? []);
  const found = await store.read(key);
  assert.ok(found !== null && (await buffer(found.body)).equals(bytes));
  assert.equal(found.stored.contentType, "video/mp4");
});

test("a signed GET gives the type and the name that were signed, and parts", async () => {
  const path = join(directory, "text");
  await writeFile(path, "0123456789");
  await store.putFile("assets/e/original", path, { contentType: "text/plain" });
  const object = { key: "assets/e/original", contentType: "image/png", disposition: `attachment; filename="a b.png"` };
  const at = new Date();
  const url = await uploads.get(object, at, 60);
  assert.equal(await uploads.get(object, at, 60), url);
  const answer = await fetch(url, { headers: { range: "bytes=2-4" } });
  assert.equal(answer.status, 206);
  assert.equal(await answer.text(), "234");
  assert.equal(answer.headers.get("content-type"), "image/png");
  assert.equal(answer.headers.get("content-disposition"), object.disposition);
  const late = await fetch(await uploads.get(object, new Date(Date.now() - 120_000), 60));
  assert.equal(late.status, 403);
  await late.arrayBuffer();
});

test("a server that is away, or silent, is told apart from one that has nothing", async () => {
  await server.goAway();
  await assert.rejects(store.stat("assets/e/original"), StorageAway);
  await assert.rejects(uploads.begin("assets/f/original", "video/mp4"), StorageAway);
  await server.comeBack();
  assert.ok(await store.stat("assets/e/original"));
});
