import assert from "node:assert/strict";
import { test } from "node:test";
import { aacPayloads } from "./aac.ts";

test("a frame is one payload, after 16 bits of headers: its size and no index (RFC 3640, 3.3.6)", () => {
  const frame = Buffer.alloc(371, 7);
  const [parts, ...none] = aacPayloads(frame, 1_388);
  assert.deepEqual(none, []);
  assert.deepEqual(parts, [Buffer.from([0, 16, 0x0b, 0x98]), frame]);
  assert.equal(0x0b98 >> 3, frame.length);
});

test("a large frame goes in pieces, each with the size of all", () => {
  const frame = Buffer.from(Array.from({ length: 3_000 }, (_, index) => index & 0xff));
  const payloads = aacPayloads(frame, 1_388);
  assert.deepEqual(
    payloads.map((parts) => Buffer.concat(parts).length),
    [1_388, 1_388, 3_000 - 2 * 1_384 + 4],
  );
  for (const [head] of payloads) assert.equal((head?.readUInt16BE(2) ?? 0) >> 3, frame.length);
  assert.deepEqual(Buffer.concat(payloads.map(([, piece]) => piece ?? Buffer.alloc(0))), frame);
});

test("nothing becomes of nothing, nor of what 13 bits cannot count", () => {
  assert.deepEqual(aacPayloads(Buffer.alloc(0), 1_388), []);
  assert.deepEqual(aacPayloads(Buffer.alloc(2 ** 13), 1_388), []);
});
