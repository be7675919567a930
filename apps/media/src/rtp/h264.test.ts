import assert from "node:assert/strict";
import { test } from "node:test";
import { h264Payloads, readAvcConfiguration } from "./h264.ts";
import type { AvcConfiguration } from "./h264.ts";

const sps = Buffer.from([0x67, 1, 2, 3]);
const pps = Buffer.from([0x68, 4]);
const record = Buffer.concat([
  Buffer.from([1, 0x42, 0, 0x1f, 0xff, 0xe1, 0, sps.length]),
  sps,
  Buffer.from([1, 0, pps.length]),
  pps,
]);

function unit(header: number, length: number): Buffer {
  return Buffer.concat([Buffer.of(header), Buffer.alloc(length - 1, header)]);
}

function frame(...units: readonly Buffer[]): Buffer {
  return Buffer.concat(
    units.flatMap((one) => {
      const length = Buffer.alloc(4);
      length.writeUInt32BE(one.length);
      return [length, one];
    }),
  );
}

const maxPayload = 1_180;
const configuration = readAvcConfiguration(record);
assert.ok(configuration !== null);

function payloads(bytes: Buffer, keyframe: boolean, sets: AvcConfiguration): Buffer[] {
  return h264Payloads(bytes, keyframe, sets, maxPayload).map((parts) => Buffer.concat(parts));
}

test("a configuration gives its parameter sets, and one that is cut off nothing", () => {
  assert.deepEqual(configuration, { lengthBytes: 4, parameterSets: [sps, pps] });
  for (let length = 0; length < record.length; length += 1) {
    const cut = readAvcConfiguration(record.subarray(0, length));
    assert.ok(cut === null || cut.parameterSets.length < 2);
  }
});

test("a small frame is a packet, and a keyframe's parameter sets share one with it", () => {
  const slice = unit(0x41, 100);
  assert.deepEqual(payloads(frame(Buffer.of(9, 0xf0), slice), false, configuration), [slice]);
  const [together, ...none] = payloads(frame(unit(0x65, 100)), true, configuration);
  assert.deepEqual(none, []);
  assert.equal((together?.[0] ?? 0) & 0x1f, 24);
  assert.equal(together?.length, 1 + 2 + sps.length + 2 + pps.length + 2 + 100);
});

test("a large unit is cut into fragments that are the unit when put together", () => {
  const slice = unit(0x65, 5_000);
  const [sets, ...fragments] = payloads(frame(slice), true, configuration);
  assert.equal((sets?.[0] ?? 0) & 0x1f, 24);
  assert.ok(fragments.every((one) => one.length <= maxPayload && ((one[0] ?? 0) & 0x1f) === 28));
  assert.deepEqual(
    fragments.map((one) => (one[1] ?? 0) >> 6),
    [2, 0, 0, 0, 1],
  );
  const header = Buffer.of(((fragments[0]?.[0] ?? 0) & 0xe0) | ((fragments[0]?.[1] ?? 0) & 0x1f));
  assert.deepEqual(Buffer.concat([header, ...fragments.map((one) => one.subarray(2))]), slice);
});

test("a frame that is cut off or empty harms nothing", () => {
  const whole = frame(unit(0x41, 50), unit(0x41, 60));
  for (let length = 0; length <= whole.length; length += 1) payloads(whole.subarray(0, length), false, configuration);
  assert.deepEqual(payloads(Buffer.alloc(4), false, configuration), []);
});
