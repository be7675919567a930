import assert from "node:assert/strict";
import { test } from "node:test";
import { PacketStream, rtpHeaderBytes } from "./packet-stream.ts";

function headerOf(stream: PacketStream, timestamp: number, marker: boolean, payloadBytes: number): Buffer {
  const header = Buffer.alloc(rtpHeaderBytes);
  stream.writeHeader(header, 0, timestamp, marker, payloadBytes);
  return header;
}

test("packets are numbered on, of one source, and time wraps at 32 bits (RFC 3550, 5.1)", () => {
  const stream = new PacketStream(96, "name");
  const first = headerOf(stream, 2 ** 32 + 5, true, 0);
  const second = headerOf(stream, 2 ** 32 - 1, false, 0);
  assert.deepEqual([...first.subarray(0, 2)], [0x80, 0x80 | 96]);
  assert.deepEqual([...second.subarray(0, 2)], [0x80, 96]);
  assert.equal((first.readUInt16BE(2) + 1) & 0xffff, second.readUInt16BE(2));
  assert.deepEqual([first.readUInt32BE(4), second.readUInt32BE(4)], [5, 2 ** 32 - 1]);
  assert.deepEqual(first.subarray(8), second.subarray(8));
  assert.equal(headerOf(stream, -1, false, 0).readUInt32BE(4), 2 ** 32 - 1);
});

test("a report tells the time by both clocks, what was sent, and whose it is (RFC 3550, 6.4.1 and 6.5)", () => {
  for (const name of ["", "n", "na", "nam", "name", "names"]) {
    const stream = new PacketStream(96, name);
    const header = headerOf(stream, 0, false, 7);
    headerOf(stream, 0, false, 10);
    const report = stream.report(2 ** 32 + 90, 1_500);
    assert.deepEqual([...report.subarray(0, 4)], [0x80, 200, 0, 6]);
    assert.deepEqual(report.subarray(4, 8), header.subarray(8));
    const numbers = [8, 12, 16, 20, 24].map((at) => report.readUInt32BE(at));
    assert.deepEqual(numbers, [2_208_988_801, 2 ** 31, 90, 2, 17]);
    assert.deepEqual([...report.subarray(28, 30)], [0x81, 202]);
    assert.equal((report.readUInt16BE(30) + 1) * 4, report.length - 28);
    assert.deepEqual(report.subarray(32, 36), header.subarray(8));
    assert.deepEqual([report[36], report[37]], [1, name.length]);
    assert.equal(report.toString("latin1", 38, 38 + name.length), name);
    assert.equal(report[38 + name.length], 0, "the end of the list");
    assert.ok(report.length - 38 - name.length <= 4);
  }
});
