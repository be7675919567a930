import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { after, before, test } from "node:test";
import { HeadObjectCommand, ListObjectsV2Command, PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { getSignedUrl } from "@aws-sdk/s3-request-presigner";
import { startS3Front } from "./s3-front.ts";
import { type S3, startS3 } from "./s3.ts";

let s3: S3;
let client: S3Client;

before(async () => {
  s3 = await startS3();
  client = clientOf(s3.endpoint);
});
after(async () => {
  client.destroy();
  await s3.stop();
});

function clientOf(endpoint: string): S3Client {
  const credentials = { accessKeyId: s3.accessKeyId, secretAccessKey: s3.secretAccessKey };
  return new S3Client({ endpoint, region: s3.region, forcePathStyle: true, credentials, maxAttempts: 1 });
}

const right = Buffer.from("right bytes");
const headers = {
  "content-type": "image/png",
  "content-length": String(right.length),
  "x-amz-checksum-sha256": createHash("sha256").update(right).digest("base64"),
  "if-none-match": "*",
};

/** A URL that binds length, type and checksum, and is good for one object only. */
function presign(key: string): Promise<string> {
  const bound = ["host", ...Object.keys(headers)];
  const command = new PutObjectCommand({
    Bucket: s3.bucket,
    Key: key,
    ContentType: headers["content-type"],
    ContentLength: right.length,
    ChecksumSHA256: headers["x-amz-checksum-sha256"],
    IfNoneMatch: "*",
  });
  return getSignedUrl(client, command, {
    expiresIn: 60,
    signableHeaders: new Set(bound),
    unhoistableHeaders: new Set(["x-amz-checksum-sha256", "if-none-match"]),
  });
}

async function put(key: string, body: Buffer, changes: Readonly<Record<string, string>> = {}): Promise<number> {
  const answer = await fetch(await presign(key), { method: "PUT", headers: { ...headers, ...changes }, body });
  await answer.body?.cancel();
  return answer.status;
}

test("what was presigned for is taken once, and nothing else in its place", async () => {
  assert.equal(await put("a/wrong", Buffer.from("wrong bytes")), 400);
  assert.equal(await put("a/longer", Buffer.from("right bytes and more"), { "content-length": "20" }), 403);
  assert.equal(await put("a/type", right, { "content-type": "text/html" }), 403);
  assert.equal(await put("a/right", right), 200);
  assert.equal(await put("a/right", right), 412);
  assert.deepEqual(await s3.keys(), ["a/right"]);
  const head = await client.send(new HeadObjectCommand({ Bucket: s3.bucket, Key: "a/right", ChecksumMode: "ENABLED" }));
  assert.equal(head.ChecksumSHA256, headers["x-amz-checksum-sha256"]);
  assert.equal(head.ContentType, "image/png");
});

test("it goes away, and comes back with what it had", async () => {
  await s3.goAway();
  await assert.rejects(client.send(new ListObjectsV2Command({ Bucket: s3.bucket })));
  await s3.comeBack();
  const { Contents: contents } = await client.send(new ListObjectsV2Command({ Bucket: s3.bucket }));
  assert.deepEqual(
    contents?.map(({ Key: key }) => key),
    ["a/right"],
  );
});

test("on the way to it things go wrong as they are told, and signatures hold when they do not", async () => {
  const front = await startS3Front(s3);
  const there = clientOf(front.endpoint);
  const send = (key: string): Promise<unknown> =>
    there.send(new PutObjectCommand({ Bucket: s3.bucket, Key: key, Body: right, IfNoneMatch: "*" }));
  try {
    await send("b/first");
    front.failNext({ method: "PUT", status: 503 });
    await assert.rejects(send("b/second"), { name: "SlowDown" });
    front.failNext({ method: "PUT", cut: "before" });
    await assert.rejects(send("b/second"));
    front.failNext({ method: "PUT", cut: "after" });
    await assert.rejects(send("b/third"));
    assert.deepEqual(await s3.keys(), ["a/right", "b/first", "b/third"]);
  } finally {
    there.destroy();
    await front.stop();
  }
});
