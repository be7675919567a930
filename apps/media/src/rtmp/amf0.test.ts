import assert from "node:assert/strict";
import { test } from "node:test";
import { amfObject, decodeAmf0, encodeAmf0, type AmfValue } from "./amf0.ts";
import { RtmpProtocolError } from "./errors.ts";

test("values come back as they went", () => {
  const values: AmfValue[] = [
    "connect",
    1.5,
    true,
    null,
    undefined,
    new Date(1_700_000_000_000),
    ["hvc1", 2],
    amfObject({ app: "live/ünï", nested: amfObject({ __proto__: "no", on: false }) }),
    "x".repeat(70_000),
  ];
  assert.deepEqual(decodeAmf0(encodeAmf0(values)), values);
});

test("an ECMA array is read as a map, with or without its end", () => {
  const body = Buffer.from("08000000010001610100", "hex");
  const expected = [new Map([["a", false]])];
  assert.deepEqual(decodeAmf0(body), expected);
  assert.deepEqual(decodeAmf0(Buffer.concat([body, Buffer.of(0, 0, 9)])), expected);
});

test("what is cut off or too deep is a protocol error", () => {
  const whole = encodeAmf0([amfObject({ a: "text", b: [1, 2, amfObject({ c: null })] })]);
  for (let length = 1; length < whole.length - 3; length += 1) {
    const cut = whole.subarray(0, length);
    try {
      decodeAmf0(cut);
    } catch (error) {
      assert.ok(error instanceof RtmpProtocolError, String(error));
    }
  }
  const deep = Buffer.concat(Array.from({ length: 1000 }, () => Buffer.of(3, 0, 1, 97)));
  assert.throws(() => decodeAmf0(deep), RtmpProtocolError);
  assert.throws(() => decodeAmf0(Buffer.of(10, 255, 255, 255, 255)), RtmpProtocolError);
  assert.throws(() => decodeAmf0(Buffer.of(99)), RtmpProtocolError);
});
