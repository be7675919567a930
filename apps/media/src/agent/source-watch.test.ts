import assert from "node:assert/strict";
import { test } from "node:test";
import type { RouterPath } from "../mediamtx/api.ts";
import { SourceWatch } from "./source-watch.ts";

const sourceId = "src_01k9zv4q8fe6s9yq4n3g5t0w2x";

function path(inboundBytes: number, change: Partial<RouterPath> = {}): RouterPath {
  return {
    name: `in/${sourceId}`,
    online: true,
    onlineSince: "2026-01-01T00:00:00Z",
    publisher: { protocol: "srt", id: "1" },
    video: null,
    audio: null,
    inboundBytes,
    readers: 0,
    ...change,
  };
}

test("a source is online while bytes arrive, and not when they have stopped", () => {
  const watch = new SourceWatch();
  watch.update([path(0)], 0);
  assert.ok(watch.online.has(sourceId));
  watch.update([path(1_000)], 2_900);
  assert.ok(watch.online.has(sourceId));
  watch.update([path(1_000)], 5_950);
  assert.ok(!watch.online.has(sourceId));
  watch.update([path(2_000)], 6_000);
  assert.ok(watch.online.has(sourceId));
});

test("the bitrate is that of the last seconds", () => {
  const watch = new SourceWatch();
  for (let second = 0; second <= 10; second++)
    watch.update([path(second < 5 ? 0 : (second - 5) * 125_000)], second * 1_000);
  assert.equal(watch.online.get(sourceId)?.bitrate, 1_000_000);
});

test("what has gone, is not yet online, or is no source is not listed", () => {
  const watch = new SourceWatch();
  watch.update([path(0), path(0, { name: "program/std_1" })], 0);
  assert.equal(watch.online.size, 1);
  watch.update([path(0, { online: false })], 250);
  assert.equal(watch.online.size, 0);
});

test("a publisher that comes back is a new arrival", () => {
  const watch = new SourceWatch();
  watch.update([path(5_000)], 0);
  watch.update([path(10, { onlineSince: "2026-01-01T00:01:00Z" })], 60_000);
  assert.equal(watch.online.get(sourceId)?.since, 60_000);
});
