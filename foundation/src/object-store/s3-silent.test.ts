import assert from "node:assert/strict";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { RequestListener } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { test } from "node:test";
import type { TestContext } from "node:test";
import { readConfig } from "../config.ts";
import { openBucket } from "./s3-bucket.ts";
import { openS3Store } from "./s3.ts";
import { StorageAway } from "./storage-away.ts";
import type { ObjectStore } from "./store.ts";

// A server that takes requests and does not end what it has begun.

async function storeOf(context: TestContext, onRequest: RequestListener): Promise<ObjectStore> {
  const server = createServer(onRequest).listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  assert.ok(typeof address === "object" && address !== null);
  const config = readConfig({
    TRAX_S3_ENDPOINT: `http://127.0.0.1:${address.port}`,
    TRAX_S3_BUCKET: "silent",
    TRAX_S3_REGION: "us-east-1",
    TRAX_S3_ACCESS_KEY_ID: "nobody",
    TRAX_S3_SECRET_ACCESS_KEY: "nothing",
  });
  const store = openS3Store(openBucket("silent", config), 100);
  context.after(async () => {
    await store.close();
    server.closeAllConnections();
    server.close();
  });
  return store;
}

test("an object whose rest does not come is read no longer", { timeout: 20_000 }, async (context) => {
  const store = await storeOf(context, (_request, response) => {
    response.writeHead(200, { "content-length": "10" });
    response.write("half");
  });
  const found = await store.read("assets/a/original");
  assert.ok(found !== null);
  await assert.rejects(buffer(found.body), StorageAway);
});

test("what is being stored is given up when it is told to", { timeout: 20_000 }, async (context) => {
  const asked = Promise.withResolvers<void>();
  const store = await storeOf(context, (request) => {
    request.resume();
    asked.resolve();
  });
  const directory = await mkdtemp(join(tmpdir(), "trax-silent-"));
  context.after(() => rm(directory, { recursive: true, force: true }));
  const path = join(directory, "file");
  await writeFile(path, "bytes");
  const ending = new AbortController();
  const stored = store.putFile("assets/a/original", path, { contentType: "video/mp4", signal: ending.signal });
  await asked.promise;
  ending.abort();
  await assert.rejects(stored, StorageAway);
  await assert.rejects(
    store.putFile("assets/a/original", path, { contentType: "video/mp4", signal: ending.signal }),
    StorageAway,
  );
});
