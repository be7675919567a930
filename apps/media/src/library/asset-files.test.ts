import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFile, readdir } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { openLog } from "@trax/foundation/log";
import type { ObjectStore } from "@trax/foundation/object-store";
import { tempDirectory, waitFor } from "@trax/peers";
import { AssetFiles } from "./asset-files.ts";

/** Another machine's objects: what is read of them, and what they are said to be. */
function remote(objects: Readonly<Record<string, string>>, told: { sizeBytes?: number; sha256?: string } = {}) {
  const reads: string[] = [];
  const bodies: Readable[] = [];
  const no = async (): Promise<never> => {
    throw new Error("not asked for here");
  };
  const store: ObjectStore = {
    putFile: no,
    stat: no,
    remove: no,
    close: async () => undefined,
    localPath: async () => null,
    async read(key) {
      reads.push(key);
      const content = objects[key];
      if (content === undefined) return null;
      const sha256 = createHash("sha256").update(content).digest("hex");
      const stored = { key, contentType: null, sizeBytes: content.length, sha256, ...told };
      const body = Readable.from([Buffer.from(content)]);
      bodies.push(body);
      return { body, stored };
    },
  };
  return { store, reads, bodies };
}

async function filesOf(context: TestContext, store: ObjectStore, mostBytes?: number) {
  const directory = await tempDirectory("copies");
  context.after(() => directory.remove());
  let there = 0;
  const files = new AssetFiles({
    store,
    dataDir: directory.path,
    log: openLog("media-agent", "silent"),
    onThere: () => (there += 1),
    ...(mostBytes === undefined ? {} : { mostBytes }),
  });
  await files.start();
  context.after(() => files.close());
  return { files, there: () => there, copies: () => readdir(join(directory.path, "library", "copies")) };
}

test("a copy is made once, said to be there, and then used", async (context) => {
  const { store, reads } = remote({ "assets/a/original": "bytes" });
  const { files, there } = await filesOf(context, store);
  assert.equal(files.pathOf("assets/a/original"), null);
  assert.equal(files.pathOf("assets/a/original"), null);
  await waitFor("it is there", () => there() === 1);
  assert.equal(await readFile(files.pathOf("assets/a/original") ?? "", "utf8"), "bytes");
  assert.deepEqual(reads, ["assets/a/original"]);
});

test("bytes that are missing or damaged are never seen", async (context) => {
  for (const told of [{ sizeBytes: 6 }, { sha256: "00".repeat(32) }]) {
    const { store, reads } = remote({ "assets/a/original": "bytes" }, told);
    const { files, there, copies } = await filesOf(context, store);
    files.pathOf("assets/a/original");
    await waitFor("it was tried", async () => reads.length === 1 && (await copies()).length === 0);
    await files.close();
    assert.equal(there(), 0);
    assert.deepEqual(await copies(), []);
  }
});

test("what programs use is not removed for what they would like to", async (context) => {
  const { store } = remote({ "assets/a/original": "12345678", "assets/b/original": "12345678" });
  const { files, there, copies } = await filesOf(context, store, 10);
  files.pathOf("assets/a/original");
  await waitFor("the first is there", () => there() === 1);
  files.pathOf("assets/b/original");
  await files.close();
  assert.deepEqual(await copies(), ["assets-a-original"]);
});

test("what is copied at the same time does not take the same room", async (context) => {
  const { store, bodies } = remote({ "assets/a/original": "12345678", "assets/b/original": "12345678" });
  const { files, there, copies } = await filesOf(context, store, 10);
  files.pathOf("assets/a/original");
  files.pathOf("assets/b/original");
  await waitFor("both came to an end", () => there() > 0 && bodies.filter(({ destroyed }) => destroyed).length === 2);
  await files.close();
  assert.equal((await copies()).length, 1);
});
