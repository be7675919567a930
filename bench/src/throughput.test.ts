import assert from "node:assert/strict";
import { test } from "node:test";
import type { ReceivedMedia } from "@trax/peers/rtmp-server/connection";
import { throughputOf } from "./throughput.ts";

/** One picture of 1,000 bytes every 100 ms, each tenth a keyframe. */
function picture(index: number): ReceivedMedia {
  const payload = Buffer.of(index % 10 === 0 ? 0x17 : 0x27, 1);
  return { kind: "video", timestamp: index * 100, size: 1_000, at: index * 100, payload };
}

test("what arrives is counted from keyframe to keyframe", () => {
  const media = Array.from({ length: 45 }, (_, index) => picture(index));
  const all = throughputOf([{ media }], 50, 4_450, 3);
  assert.deepEqual(all, { bytesPerSecond: 10_000, framesPerSecond: 10, longestGapMs: 100 });
  const holed = throughputOf([{ media: media.filter((_, index) => index !== 15) }], 50, 4_450, 3);
  assert.equal(holed.longestGapMs, 200);
  assert.ok(holed.bytesPerSecond < 10_000);
  assert.throws(() => throughputOf([{ media }], 50, 4_450, 4), /too few keyframes/);
});

test("too little to tell is told", () => {
  assert.throws(() => throughputOf([{ media: [picture(0)] }], 0, 1_000, 1), /too few keyframes/);
});
