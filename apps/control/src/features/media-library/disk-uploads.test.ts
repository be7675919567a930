import assert from "node:assert/strict";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { test } from "node:test";
import { tempDirectory } from "@trax/peers";
import { DiskUploads } from "./disk-uploads.ts";

const mib = 1_048_576;

test("what fills the disk together with others is refused while something is left for all else", async (context) => {
  const root = await tempDirectory("disk-uploads");
  context.after(() => root.remove());
  let looks = 0;
  const uploads = new DiskUploads(root.path, () => Promise.resolve(++looks < 2));
  const upload = {
    id: "ast_1",
    objectKey: "assets/ast_1/original",
    contentType: "video/mp4",
    sizeBytes: 40 * mib,
    sha256: null,
    uploadId: null,
    expiresAt: new Date(Date.now() + 60_000),
  };
  const piece = Buffer.alloc(mib);
  const body = Readable.from(Array.from({ length: 40 }, () => piece));
  await assert.rejects(uploads.receive(upload, body, { offset: 0, length: upload.sizeBytes }), {
    code: "storage_full",
  });
  assert.equal(looks, 2);
  assert.equal(await uploads.received(upload), 0);
  await assert.rejects(stat(join(root.path, ".incoming", upload.objectKey)), { code: "ENOENT" });
});
