import assert from "node:assert/strict";
import { test } from "node:test";
import { sourceRow } from "./source-row.ts";
import type { SourceView } from "./source-watch.ts";

const view: SourceView = {
  sourceId: "src_1",
  protocol: "rtmp",
  video: { codec: "h264", width: 7_680, height: 4_320, frameRate: null },
  audio: null,
  bitrate: 1_000_000,
  lastFrameAt: "2026-11-22T18:00:00.000Z",
  since: 0,
};
const refusal = { code: "unsupported_format", message: "Its picture is 7680x4320.", at: "2026-11-22T18:00:00.000Z" };

test("what arrives and cannot be shown is an error, with why; what does not arrive is offline, whatever it was", () => {
  const seen = (of: SourceView | undefined, why: typeof refusal | null) => {
    const { status, lastError, video } = sourceRow("src_1", of, { frameRate: 30, refusal: why }, "node");
    return [status, lastError ?? null, video];
  };
  const video = { codec: "h264", width: 7_680, height: 4_320, frameRate: 30, bitrate: null };
  assert.deepEqual(seen(view, refusal), ["error", refusal, video]);
  assert.deepEqual(seen(view, null), ["online", null, video]);
  assert.deepEqual(seen(undefined, refusal), ["offline", null, null]);
});
