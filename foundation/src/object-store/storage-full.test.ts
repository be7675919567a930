import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readdir, stat, truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { mountSmallDisk, tempDirectory } from "@trax/peers";
import type { SmallDisk } from "@trax/peers";
import { startS3 } from "@trax/peers/s3/s3";
import type { S3 } from "@trax/peers/s3/s3";
import { readConfig } from "../config.ts";
import { openDiskStore } from "./disk.ts";
import { openBucket } from "./s3-bucket.ts";
import { s3Uploads } from "./s3-uploads.ts";
import type { S3Uploads } from "./s3-uploads.ts";
import { openS3Store } from "./s3.ts";
import { StorageFull } from "./storage-full.ts";
import type { ObjectStore } from "./store.ts";

// Stores whose objects are on a real file system of 4 MB, and what comes from another one.

const open = new AsyncDisposableStack();
after(() => open.disposeAsync());
const stores = new Map<string, ObjectStore>();
const contentType = "video/mp4";
let [directory, place] = ["", ""];
let disk: SmallDisk;
let server: S3;
let uploads: S3Uploads;

before(async () => {
  const temporary = open.adopt(await tempDirectory("full"), (one) => one.remove());
  directory = temporary.path;
  place = join(directory, "disk");
  disk = open.adopt(await mountSmallDisk(place, 4_000_000), (one) => one.remove());
  server = open.adopt(await startS3(place), (one) => one.stop());
  const bucket = openBucket(server.bucket, readConfig(server.environment));
  uploads = s3Uploads(bucket);
  stores.set(
    "S3",
    open.adopt(openS3Store(bucket), (one) => one.close()),
  );
  stores.set("a disk", openDiskStore(join(place, "objects")));
});

async function fileOf(bytes: number): Promise<string> {
  const path = join(directory, `file-${bytes}`);
  await writeFile(path, randomBytes(1_000));
  await truncate(path, bytes);
  return path;
}

/** Files on the small disk that take room: VersityGW keeps empty ones to lock by. */
async function files(): Promise<string[]> {
  const entries = await readdir(place, { recursive: true, withFileTypes: true });
  const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const sizes = await Promise.all(paths.map(async (path) => (await stat(path)).size));
  return paths.filter((_, index) => sizes[index] !== 0);
}

for (const kind of ["a disk", "S3"])
  test(`${kind}: what does not fit is refused as that, nothing of it is left, and what fits is stored`, async () => {
    const store = stores.get(kind);
    assert.ok(store !== undefined);
    await assert.rejects(store.putFile("assets/a/original", await fileOf(5_000_000), { contentType }), StorageFull);
    assert.equal(await store.stat("assets/a/original"), null);
    assert.deepEqual(await files(), []);
    await store.putFile("assets/a/original", await fileOf(1_000_000), { contentType });
    assert.equal((await store.stat("assets/a/original"))?.sizeBytes, 1_000_000);
    await store.remove("assets/a/");
  });

test("S3 says itself that a signed PUT has no room, and takes it by the same URL when there is some", async () => {
  const bytes = randomBytes(2_000_000);
  const object = { key: "assets/b/original", contentType, sizeBytes: bytes.length, sha256: null };
  const { url, headers } = await uploads.put(object, 60);
  const put = async (): Promise<string> => {
    const answer = await fetch(url, { method: "PUT", headers, body: bytes });
    return `${answer.status} ${/<Code>(\w+)/.exec(await answer.text())?.[1] ?? ""}`;
  };
  await disk.leave(1_000_000);
  assert.equal(await put(), "507 InsufficientStorage");
  assert.deepEqual(await files(), []);
  await disk.leave(4_000_000);
  assert.equal(await put(), "200 ");
  assert.deepEqual(await server.keys(), [object.key]);
});
