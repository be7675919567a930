import assert from "node:assert/strict";
import { readdir, rm, symlink } from "node:fs/promises";
import { join } from "node:path";
import { Asset, AssetList } from "@trax/contract";
import { startS3 } from "@trax/peers/s3/s3";
import type { S3 } from "@trax/peers/s3/s3";
import { startS3Front } from "@trax/peers/s3/s3-front";
import type { S3Front } from "@trax/peers/s3/s3-front";
import { newAccount } from "../src/account.ts";
import type { Account } from "../src/account.ts";
import { ownInstance, startInstance } from "../src/instance.ts";
import { listAt, textAt } from "../src/json.ts";
import { eventually } from "../src/media/eventually.ts";
import { afterAll, behaviour, promise } from "../src/promise.ts";
import { assertRefused } from "../src/refusal.ts";
import { freshAccount } from "../src/shared-account.ts";
import { beginUpload, cutOff, resumed, sendTo, sha256Of, someBytes } from "../src/uploading.ts";

// What is uploaded, held to the same promises on a disk and on a real S3 server,
// whatever a client or the network does. What becomes of it is in src/media.

let s3: S3 | undefined;
/** On the way to it; by it S3 is full when a test says so. (That VersityGW answers 507 on a full disk, foundation/src/object-store holds.) */
let front: S3Front | undefined;
const onS3 = ownInstance(async () => {
  s3 = await startS3();
  front = await startS3Front(s3);
  return startInstance({ ...front.environment });
});
afterAll(async () => {
  await front?.stop();
  await s3?.stop();
});

/** Uploads here run out soon, and hardly anything may be stored. */
const quotaBytes = 5_000_000;
const narrow = ownInstance(() =>
  startInstance({ TRAX_MEDIA_UPLOAD_TTL_S: "2", TRAX_MEDIA_QUOTA_BYTES: String(quotaBytes) }),
);

const stores = [
  { store: "on a disk", visitor: freshAccount },
  { store: "on S3", visitor: async () => newAccount(await onS3()) },
] as const;

async function read(account: Account, assetId: string): Promise<Asset> {
  const answer = await account.ask("GET", `/v1/media/${assetId}`);
  assert.equal(answer.status, 200, answer.text);
  return Asset.parse(answer.json);
}

const isRefusal = (status: number): boolean => status >= 400 && status < 500;

for (const { store, visitor } of stores) {
  promise(
    "createMedia",
    "happy",
    `${store}: exactly what was told is taken, once, and given back in parts`,
    async () => {
      const account = await visitor();
      const bytes = someBytes(200_000);
      const name = `../../etc/"passwd" 🎬.png`;
      const made = await beginUpload(account, { name, sizeBytes: bytes.length, sha256: sha256Of(bytes) });
      assert.deepEqual([made.status, made.name, made.kind], ["awaiting_upload", name, "image"]);
      assert.ok(isRefusal(await sendTo(made.upload, bytes.subarray(1))), "shorter");
      assert.ok(isRefusal(await sendTo(made.upload, someBytes(bytes.length))), "other bytes");
      assert.ok(isRefusal(await sendTo(made.upload, bytes, { "content-type": "text/html" })), "another type");
      assertRefused(await account.ask("POST", `/v1/media/${made.id}/complete`), "upload_incomplete");
      assert.equal(await sendTo(made.upload, bytes), 200);
      assert.ok(isRefusal(await sendTo(made.upload, bytes)), "again");
      const complete = await account.ask("POST", `/v1/media/${made.id}/complete`);
      assert.equal(complete.status, 200, complete.text);
      const { downloadUrl } = Asset.parse(complete.json);
      // It may be found to be no image by now.
      if (downloadUrl === null) return;
      const part = await fetch(downloadUrl, { headers: { range: "bytes=100-199" } });
      assert.equal(part.status, 206);
      assert.deepEqual(Buffer.from(await part.arrayBuffer()), bytes.subarray(100, 200));
      assert.doesNotMatch(part.headers.get("content-disposition") ?? "", /\/|"passwd"/);
    },
  );

  behaviour(`${store}: of two at once one wins, and the other is told`, async () => {
    const account = await visitor();
    const bytes = someBytes(3_000_000);
    const made = await beginUpload(account, { sizeBytes: bytes.length, sha256: sha256Of(bytes) });
    const statuses = await Promise.all([sendTo(made.upload, bytes), sendTo(made.upload, bytes)]);
    assert.equal(statuses.filter((status) => status === 200).length, 1, String(statuses));
    assert.ok(
      statuses.some((status) => status === 409 || status === 412),
      String(statuses),
    );
  });

  promise(
    "resumeMediaUpload",
    "happy",
    `${store}: what is cut off at half is gone on with, or sent again`,
    async () => {
      const account = await visitor();
      const bytes = someBytes(12_000_000);
      const made = await beginUpload(account, { sizeBytes: bytes.length });
      await cutOff(made.upload, bytes.subarray(0, 6_000_000), bytes.length);
      assert.equal((await read(account, made.id)).status, "awaiting_upload");
      const goOn = async (): Promise<number> => {
        const { upload } = await resumed(account, made.id);
        assert.ok(upload.receivedBytes <= 6_000_000);
        const left = bytes.subarray(upload.receivedBytes);
        const range = `bytes ${upload.receivedBytes}-${bytes.length - 1}/${bytes.length}`;
        // S3 that has an object already says so, and closes, before it has read all: 0.
        return sendTo(upload, left, left.length === bytes.length ? {} : { "content-range": range }).catch(() => 0);
      };
      // The broken connection may not have been noticed yet.
      await eventually("what is left is taken", goOn, (status) => status === 200);
      assert.equal((await account.ask("POST", `/v1/media/${made.id}/complete`)).status, 200);
    },
  );

  promise("deleteMedia", "happy", `${store}: an asset goes with its bytes, and what was shown of it`, async () => {
    const account = await visitor();
    const bytes = someBytes(1_000);
    const made = await beginUpload(account);
    assert.equal(await sendTo(made.upload, bytes), 200);
    assert.equal((await account.ask("DELETE", `/v1/media/${made.id}`)).status, 204);
    assertRefused(await account.ask("GET", `/v1/media/${made.id}`), "not_found");
    const directory =
      s3 !== undefined && account.instance === (await onS3())
        ? s3.directory
        : join(account.instance.dataDir, "objects");
    await eventually(
      "its bytes are gone",
      () => readdir(directory, { recursive: true }),
      (names) => !names.some((name) => name.includes(made.id)),
    );
  });
}

promise(
  "completeMedia",
  "storage_full",
  "on S3: more than 100 MB are sent in parts, which stay while it is full",
  async () => {
    const account = await newAccount(await onS3());
    const bytes = Buffer.alloc(100_000_001, someBytes(65_537));
    const made = await beginUpload(account, { name: "Show.mp4", contentType: "video/mp4", sizeBytes: bytes.length });
    const { parts } = made.upload;
    assert.ok(parts !== null && parts.length > 1);
    assert.equal(
      parts.reduce((sum, part) => sum + part.sizeBytes, 0),
      bytes.length,
    );
    const [first, second, ...others] = parts;
    assert.ok(first !== undefined && second !== undefined);
    const of = ({ offset, sizeBytes }: typeof first): Buffer<ArrayBuffer> => bytes.subarray(offset, offset + sizeBytes);
    for (const part of others) assert.equal(await sendTo(part, of(part)), 200);
    // VersityGW 1.8 would take half a part for a whole one, with zeros after it; of so little it takes none.
    await cutOff(first, of(first).subarray(0, 1_000), first.sizeBytes);
    assertRefused(await account.ask("POST", `/v1/media/${made.id}/complete`), "upload_incomplete");
    const { upload } = await resumed(account, made.id);
    assert.deepEqual(
      upload.parts?.map(({ partNumber }) => partNumber),
      [1, 2],
    );
    for (const part of upload.parts ?? []) assert.equal(await sendTo(part, of(part)), 200);
    front?.failNext({ method: "POST", status: 507 });
    assertRefused(await account.ask("POST", `/v1/media/${made.id}/complete`), "storage_full");
    assert.equal((await read(account, made.id)).status, "awaiting_upload");
    const complete = await account.ask("POST", `/v1/media/${made.id}/complete`);
    assert.equal(complete.status, 200, complete.text);
    assert.notEqual(textAt(complete.json, "status"), "awaiting_upload");
    assert.equal((await account.ask("DELETE", `/v1/media/${made.id}`)).status, 204);
  },
);

for (const operation of ["createMedia", "completeMedia", "resumeMediaUpload"] as const)
  promise(operation, "storage_unavailable", "while S3 is away; then it goes on as if nothing had been", async () => {
    const account = await newAccount(await onS3());
    assert.ok(s3 !== undefined);
    const bytes = someBytes(1_000);
    const made = await beginUpload(account);
    await s3.goAway();
    try {
      const large = { name: "Show.mp4", contentType: "video/mp4", sizeBytes: 200_000_000 };
      const ask = {
        createMedia: () => account.ask("POST", "/v1/media", large),
        completeMedia: () => account.ask("POST", `/v1/media/${made.id}/complete`),
        resumeMediaUpload: () => account.ask("POST", `/v1/media/${made.id}/upload`),
      }[operation];
      assertRefused(await ask(), "storage_unavailable");
      const { data } = AssetList.parse((await account.ask("GET", "/v1/media")).json);
      assert.deepEqual(
        data.map(({ id }) => id),
        [made.id],
        "nothing is left of what could not be begun",
      );
    } finally {
      await s3.comeBack();
    }
    assert.equal(await sendTo(made.upload, bytes), 200);
    assert.equal((await account.ask("POST", `/v1/media/${made.id}/complete`)).status, 200);
  });

promise(
  "createMedia",
  "storage_full",
  "where S3 is full nothing is made or kept, and the same is taken later",
  async () => {
    const account = await newAccount(await onS3());
    const large = { name: "Show.mp4", contentType: "video/mp4", sizeBytes: 200_000_000 };
    front?.failNext({ method: "POST", status: 507 });
    assertRefused(await account.ask("POST", "/v1/media", large), "storage_full");
    assert.deepEqual(listAt((await account.ask("GET", "/v1/media")).json, "data"), []);
    const made = await beginUpload(account);
    front?.failNext({ method: "PUT", status: 507 });
    assert.equal(await sendTo(made.upload, someBytes(1_000)), 507);
    assertRefused(await account.ask("POST", `/v1/media/${made.id}/complete`), "upload_incomplete");
    assert.equal(await sendTo(made.upload, someBytes(1_000)), 200);
    assert.equal((await account.ask("POST", `/v1/media/${made.id}/complete`)).status, 200);
  },
);

promise("completeMedia", "happy", "harmless on a disk, where the last byte completes it", async () => {
  const account = await freshAccount();
  const made = await beginUpload(account);
  assert.equal(await sendTo(made.upload, someBytes(made.sizeBytes)), 200);
  for (let count = 0; count < 2; count++) {
    const answer = await account.ask("POST", `/v1/media/${made.id}/complete`);
    assert.equal(answer.status, 200, answer.text);
    assert.notEqual(textAt(answer.json, "status"), "awaiting_upload");
  }
});

promise("completeMedia", "upload_incomplete", "while bytes are missing", async () => {
  const account = await freshAccount();
  const made = await beginUpload(account);
  assertRefused(await account.ask("POST", `/v1/media/${made.id}/complete`), "upload_incomplete");
});

promise("resumeMediaUpload", "upload_finished", "once the bytes are there", async () => {
  const account = await freshAccount();
  const made = await beginUpload(account);
  assert.equal(await sendTo(made.upload, someBytes(made.sizeBytes)), 200);
  assertRefused(await account.ask("POST", `/v1/media/${made.id}/upload`), "upload_finished");
});

promise("listMedia", "happy", "newest first, and by kind", async () => {
  const account = await freshAccount();
  const song = await beginUpload(account, { contentType: "audio/mpeg" });
  const card = await beginUpload(account);
  const ids = async (query: string): Promise<unknown[]> =>
    listAt((await account.ask("GET", `/v1/media${query}`)).json, "data").map((row) => textAt(row, "id"));
  assert.deepEqual(await ids(""), [card.id, song.id]);
  assert.deepEqual(await ids("?kind=audio"), [song.id]);
});

promise("getMedia", "happy", "as it was made, without its upload", async () => {
  const account = await freshAccount();
  const { upload, ...asset } = await beginUpload(account);
  assert.equal(upload.method, "PUT");
  assert.deepEqual(await read(account, asset.id), asset);
});

promise("updateMedia", "happy", "another name", async () => {
  const account = await freshAccount();
  const made = await beginUpload(account);
  const answer = await account.ask("PATCH", `/v1/media/${made.id}`, { name: " Card " });
  assert.equal(textAt(answer.json, "name"), "Card");
  assert.equal((await read(account, made.id)).name, "Card");
});

promise(
  "deleteMedia",
  "asset_in_use",
  "while a scene, an overlay, a slate or a source names it, each told",
  async () => {
    const account = await freshAccount();
    const { id: assetId } = await beginUpload(account);
    const path = `/v1/studios/${textAt((await account.ask("POST", "/v1/studios", { name: "Show" })).json, "id")}`;
    const made = async (where: string, body: object): Promise<string> => {
      const answer = await account.ask("POST", path + where, body);
      assert.equal(answer.status, 201, answer.text);
      return textAt(answer.json, "id");
    };
    const named = [
      await made("/scenes", { name: "Card", layers: [{ type: "image", assetId }] }),
      await made("/sources", { name: "Card", kind: "media", assetId }),
    ];
    assert.equal((await account.ask("PATCH", path, { slate: { assetId } })).status, 200);
    const overlays = [{ type: "logo", assetId }];
    assert.equal((await account.ask("PUT", `${path}/program/overlays`, { overlays })).status, 200);
    const refused = await account.ask("DELETE", `/v1/media/${assetId}`);
    assertRefused(refused, "asset_in_use");
    assert.equal(listAt(refused.json, "error", "details").length, 4);
    for (const id of named) assert.ok(refused.text.includes(id));
    assert.equal((await account.ask("DELETE", `/v1/media/${assetId}?force=true`)).status, 204);
  },
);

promise("createMedia", "quota_exceeded", "more than the account may have", async () => {
  const account = await newAccount(await narrow());
  const half = { name: "Half.mp3", contentType: "audio/mpeg", sizeBytes: quotaBytes / 2 };
  await beginUpload(account, half);
  await beginUpload(account, half);
  assertRefused(await account.ask("POST", "/v1/media", { ...half, sizeBytes: 1 }), "quota_exceeded");
});

behaviour("on a disk: an upload runs out, and is swept with what was sent of it", async () => {
  const instance = await narrow();
  const account = await newAccount(instance);
  const made = await beginUpload(account, { sizeBytes: 100_000 });
  await cutOff(made.upload, someBytes(50_000), 100_000);
  await eventually(
    "it has run out",
    () => sendTo(made.upload, someBytes(100_000).subarray(1)),
    (status) => status === 403,
  );
  await eventually(
    "it is forgotten",
    () => account.ask("GET", `/v1/media/${made.id}`),
    ({ status }) => status === 404,
  );
  await eventually(
    "its bytes are gone",
    () => readdir(join(instance.dataDir, "objects"), { recursive: true }).catch(() => []),
    (names) => !names.some((name) => name.includes(made.id)),
  );
});

// The last of that instance: it has no room from here on.
promise("createMedia", "storage_full", "where the disk has no room, and nothing is made", async () => {
  const instance = await narrow();
  const account = await newAccount(instance);
  const objects = join(instance.dataDir, "objects");
  await rm(objects, { recursive: true, force: true });
  // A file system on which nothing is free.
  await symlink("/proc", objects);
  const body = { name: "Card.png", contentType: "image/png", sizeBytes: 1_000 };
  assertRefused(await account.ask("POST", "/v1/media", body), "storage_full");
  assert.deepEqual(listAt((await account.ask("GET", "/v1/media")).json, "data"), []);
  await rm(objects);
});
