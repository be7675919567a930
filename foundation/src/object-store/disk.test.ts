import assert from "node:assert/strict";
import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { after, test } from "node:test";
import { openDiskStore } from "./disk.ts";

const directory = await mkdtemp(join(tmpdir(), "trax-objects-"));
after(() => rm(directory, { recursive: true, force: true }));
const root = join(directory, "objects");
const store = openDiskStore(root);

async function fileWith(content: string): Promise<string> {
  const path = join(await mkdtemp(join(directory, "file-")), "content");
  await writeFile(path, content);
  return path;
}

const put = async (key: string, content: string): Promise<string> => {
  const path = await fileWith(content);
  await store.putFile(key, path, { contentType: "text/plain" });
  return path;
};

test("a file becomes an object by a link, again and in place of another, and nothing is left beside it", async () => {
  const path = await put("assets/a/original", "first");
  const at = await store.localPath("assets/a/original");
  assert.equal(at, join(root, "assets/a/original"));
  assert.equal((await stat(path)).ino, (await stat(at ?? "")).ino);
  await store.putFile("assets/a/original", path, { contentType: "text/plain" });
  await rm(path);
  await put("assets/a/original", "second");
  const found = await store.read("assets/a/original");
  assert.ok(found);
  assert.deepEqual(found.stored, { key: "assets/a/original", sizeBytes: 6, contentType: null, sha256: null });
  assert.equal(await text(found.body), "second");
  assert.deepEqual(await readdir(join(root, ".incoming")), []);
});

test("a part of it is read, both ends included", async () => {
  await put("assets/b/original", "0123456789");
  const found = await store.read("assets/b/original", { start: 2, end: 4 });
  assert.ok(found);
  assert.equal(await text(found.body), "234");
});

test("one is removed, or all below a key, and what is not there is no error", async () => {
  await put("assets/c/original", "c");
  await put("assets/c/rendition.mp4", "c");
  await put("assets/cc/original", "cc");
  await store.remove("assets/c/original");
  await store.remove("assets/c/original");
  assert.equal(await store.read("assets/c/original"), null);
  assert.ok(await store.stat("assets/c/rendition.mp4"));
  await store.remove("assets/c/");
  await store.remove("assets/c/");
  assert.equal(await store.stat("assets/c/rendition.mp4"), null);
  assert.ok(await store.stat("assets/cc/original"));
  assert.equal(await store.localPath("assets/c/original"), null);
});

test("a key leads nowhere else", async () => {
  for (const key of ["", "/", "/etc/passwd", "..", "a/../../b", "a//b", ".incoming/a", "a/.b", "a b", "a\0", "ü"]) {
    await assert.rejects(store.read(key), /not a key/, JSON.stringify(key));
    await assert.rejects(store.remove(key), /not a key/);
  }
});
