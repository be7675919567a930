import assert from "node:assert/strict";
import { test } from "node:test";
import { AV_PIX_FMT_YUV420P } from "node-av/constants";
import { FFmpegError, Frame } from "node-av/lib";
import { SharedFrame } from "./shared-frame.ts";
import { VideoEncoder } from "./video-encoder.ts";

function grey(width: number, height: number): SharedFrame {
  const frame = new Frame();
  frame.alloc();
  Object.assign(frame, { width, height, format: AV_PIX_FMT_YUV420P });
  FFmpegError.throwIfError(frame.getBuffer(), "make");
  for (const plane of frame.data ?? []) plane.fill(128);
  return new SharedFrame(frame);
}

/** The level that decoders are told (H.264, table A-1), times ten. High profile is 100 (A.2.4). */
const canvases = [
  [1280, 720, 30, 4_500_000, 31],
  [1280, 720, 60, 6_000_000, 32],
  [1920, 1080, 30, 6_000_000, 40],
  [1920, 1080, 60, 20_000_000, 42],
  [1080, 1920, 60, 8_000_000, 42],
] as const;

for (const [width, height, frameRate, bitrate, level] of canvases)
  test(`${width}x${height} at ${frameRate} is High profile of level ${level / 10}, told alike by every preset`, async () => {
    const records: Buffer[] = [];
    for (const preset of ["veryfast", "superfast", "ultrafast"] as const)
      for (const halfRate of [false, true]) {
        const encoder = await VideoEncoder.open({ width, height, frameRate, bitrate, preset, halfRate });
        records.push(encoder.configuration.payload.subarray(5));
        encoder.close();
      }
    const [record = Buffer.alloc(0), ...others] = records;
    assert.deepEqual([record[0], record[1], record[3]], [1, 100, level]);
    assert.ok(others.every((other) => other.equals(record)));
  });

test("each picture comes out at once, a keyframe where it was asked for and nowhere else", async () => {
  const encoder = await VideoEncoder.open({
    width: 1080,
    height: 1920,
    frameRate: 60,
    bitrate: 8_000_000,
    preset: "ultrafast",
    halfRate: false,
  });
  const picture = grey(1080, 1920);
  const out: (readonly [number, boolean, number | undefined])[] = [];
  for (const [index, keyframe] of [true, false, false, true].entries()) {
    const messages = await encoder.encode(picture, index * 17, keyframe);
    assert.equal(messages.length, 1);
    for (const { timestamp, keyframe: isKey, payload } of messages) out.push([timestamp, isKey, payload[0]]);
  }
  assert.deepEqual(out, [
    [0, true, 0x17],
    [17, false, 0x27],
    [34, false, 0x27],
    [51, true, 0x17],
  ]);
  picture.release();
  encoder.close();
});
