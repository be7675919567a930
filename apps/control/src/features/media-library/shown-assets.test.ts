import assert from "node:assert/strict";
import { test } from "node:test";
import { jsonOf } from "../../kernel/fixed-answer.ts";
import { shownAssets } from "./shown-assets.ts";
import type { AssetRow } from "./sql.ts";

const row: AssetRow = {
  id: "ast_1",
  accountId: "acc_1",
  name: "Clip.mp4",
  kind: "video",
  origin: "upload",
  broadcastId: null,
  contentType: "video/mp4",
  sizeBytes: 1,
  sha256: null,
  status: "ready",
  progress: 100,
  failureReason: null,
  durationMs: 1,
  width: 1,
  height: 1,
  objectKey: "assets/ast_1/original",
  renditionKey: null,
  thumbnailKey: "assets/ast_1/thumbnail.jpg",
  waveformKey: null,
  uploadId: null,
  uploadExpiresAt: null,
  createdAt: new Date(0),
  updatedAt: new Date(0),
};

test("an asset is shown as before until its row has changed, or the time its URLs count from", async () => {
  let now = Date.parse("2026-01-01T00:00:00Z");
  let signed = 0;
  const share = ({ key }: { readonly key: string }, since: Date): string => `${key} ${since.toISOString()} ${++signed}`;
  const show = shownAssets({ share }, () => now);

  const first = await show(row);
  assert.equal(first.downloadUrl, "assets/ast_1/original 2026-01-01T00:00:00.000Z 2");
  now += 599_999;
  assert.equal(await show({ ...row, createdAt: new Date(0) }), first);

  const renamed = await show({ ...row, name: "Other.mp4" });
  assert.deepEqual(
    [renamed.name, renamed.downloadUrl],
    ["Other.mp4", "assets/ast_1/original 2026-01-01T00:00:00.000Z 4"],
  );
  assert.equal(
    (await show({ ...row, name: "Other.mp4", updatedAt: new Date(1) })).updatedAt,
    "1970-01-01T00:00:00.001Z",
  );
  assert.equal(
    (await show({ ...row, waveformKey: "assets/ast_1/waveform.json" })).waveformUrl?.split(" ")[0],
    "assets/ast_1/waveform.json",
  );

  now += 1;
  const later = await show(row);
  assert.equal(later.thumbnailUrl?.split(" ")[1], "2026-01-01T00:10:00.000Z");
  assert.equal(jsonOf(later), JSON.stringify(later));
});

test("whatever column changes, the asset is shown anew", async () => {
  const show = shownAssets({ share: ({ key }) => key });
  for (const [column, value] of Object.entries(row)) {
    if (column === "uploadId" || column === "uploadExpiresAt") continue;
    const other = value instanceof Date ? new Date(value.getTime() + 1) : "other";
    const before = await show(row);
    assert.notEqual(await show({ ...row, [column]: other }), before, column);
  }
});

test("bytes are offered from when they are there, until they are found to be something else", async () => {
  const show = shownAssets({ share: ({ key }) => key });
  const offered = async (more: Partial<AssetRow>) => (await show({ ...row, ...more })).downloadUrl !== null;
  const uploads = ["awaiting_upload", "processing", "ready", "failed"] as const;
  assert.deepEqual(await Promise.all(uploads.map((status) => offered({ status }))), [false, true, true, false]);
  assert.equal(await offered({ origin: "recording", status: "processing" }), false);
  assert.equal(await offered({ origin: "recording", status: "ready" }), true);
});
