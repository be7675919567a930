import assert from "node:assert/strict";
import { test } from "node:test";
import { KeyframeCache } from "./keyframe-cache.ts";
import { audioConfiguration, audioFrame, videoConfiguration, videoFrame } from "./testing/messages.ts";

function filled(...messages: Parameters<KeyframeCache["push"]>[0][]): KeyframeCache {
  const cache = new KeyframeCache();
  for (const message of messages) cache.push(message);
  return cache;
}

test("holds configuration and everything since the last keyframe", () => {
  const keyframe = videoFrame(1_000, { keyframe: true });
  const after = [audioFrame(1_010), videoFrame(1_033)];
  const configuration = [videoConfiguration(0), audioConfiguration(0)];
  const cache = filled(...configuration, videoFrame(0, { keyframe: true }), audioFrame(10), keyframe, ...after);
  assert.deepEqual(cache.joinPoint(), { configuration, frames: [keyframe, ...after] });
});

test("there is no place to join before the first keyframe", () => {
  assert.equal(new KeyframeCache().joinPoint(), null);
  assert.equal(filled(videoConfiguration(0), videoFrame(0), audioFrame(5_000)).joinPoint(), null);
});

test("a source without video is joined at its newest frame, once that is certain", () => {
  const cache = filled(audioConfiguration(0), audioFrame(0), audioFrame(1_000));
  assert.equal(cache.joinPoint(), null);
  cache.push(audioFrame(1_600));
  assert.deepEqual(
    cache.joinPoint()?.frames.map((frame) => frame.timestamp),
    [1_600],
  );
});

test("a new configuration makes the held frames useless; the same again does not", () => {
  const cache = filled(videoConfiguration(0), videoFrame(0, { keyframe: true }));
  cache.push(videoConfiguration(20));
  assert.equal(cache.joinPoint()?.frames.length, 1);
  cache.push(videoConfiguration(40, 2));
  assert.equal(cache.joinPoint(), null);
  cache.push(videoFrame(60, { keyframe: true }));
  assert.deepEqual(cache.joinPoint()?.configuration, [videoConfiguration(40, 2)]);
});

test("is bounded in bytes and in duration, and recovers at the next keyframe", () => {
  const cache = filled(videoConfiguration(0), videoFrame(0, { keyframe: true }));
  for (let frame = 1; frame < 40; frame += 1) cache.push(videoFrame(frame, { size: 1 << 20 }));
  assert.equal(cache.joinPoint(), null);
  assert.equal(cache.bytes, 0);
  cache.push(videoFrame(100, { keyframe: true }));
  assert.equal(cache.joinPoint()?.frames.length, 1);
  cache.push(videoFrame(20_000));
  assert.equal(cache.joinPoint(), null);
});
