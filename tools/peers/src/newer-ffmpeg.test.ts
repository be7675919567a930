import assert from "node:assert/strict";
import { test } from "node:test";
import { startCountedWhip } from "./counted/publisher.ts";
import { startMediaMtxPlain } from "./mediamtx-plain.ts";

test("an ffmpeg with WHIP publishes a counted source", async () => {
  const mediamtx = await startMediaMtxPlain();
  try {
    const publisher = await startCountedWhip(mediamtx.whipUrl("live/whip"), "of-no-use", { source: 4 });
    try {
      const path = await mediamtx.waitForPath("live/whip", 5_000);
      assert.deepEqual([path.sourceType, [...path.tracks].sort()], ["webRTCSession", ["H264", "Opus"]]);
    } finally {
      await publisher.stop();
    }
  } finally {
    await mediamtx.stop();
  }
});
