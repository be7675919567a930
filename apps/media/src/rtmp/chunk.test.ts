import assert from "node:assert/strict";
import { randomBytes, randomInt } from "node:crypto";
import { test } from "node:test";
import { messageType, type RawMessage } from "./chunk.ts";
import { ChunkReader } from "./chunk-reader.ts";
import { writeChunks } from "./chunk-writer.ts";
import { RtmpProtocolError } from "./errors.ts";

function message(fields: Partial<RawMessage>): RawMessage {
  return { chunkStreamId: 4, type: messageType.video, streamId: 1, timestamp: 0, payload: Buffer.alloc(0), ...fields };
}

function setChunkSize(size: number, ownChunkSize = 128): Buffer {
  const payload = Buffer.alloc(4);
  payload.writeUInt32BE(size);
  return writeChunks(message({ chunkStreamId: 2, type: messageType.setChunkSize, streamId: 0, payload }), ownChunkSize);
}

/** Reads the bytes in pieces of at most `piece`. */
function read(bytes: Buffer, piece: number = bytes.length): RawMessage[] {
  const got: RawMessage[] = [];
  const reader = new ChunkReader(1 << 20, (one) => got.push(one));
  for (let at = 0; at < bytes.length; at += piece) reader.push(bytes.subarray(at, at + piece));
  return got;
}

test("messages of any size and time come back, in whatever pieces they arrive", () => {
  const sizes = [0, 1, 127, 128, 129, 256, 5000];
  const times = [0, 1, 0xfffffe, 0xffffff, 0x1000000, 0x7fffffff, 0xffffffff];
  const sent = sizes.flatMap((size) =>
    times.map((timestamp) => message({ timestamp, payload: randomBytes(size), chunkStreamId: 4 + (size % 3) })),
  );
  for (const chunkSize of [1, 128, 4096]) {
    const bytes = Buffer.concat([setChunkSize(chunkSize), ...sent.map((one) => writeChunks(one, chunkSize))]);
    for (const piece of [1, 7, 1000, bytes.length]) assert.deepEqual(read(bytes, piece), sent, `pieces of ${piece}`);
  }
});

test("an extended timestamp is repeated in every chunk of its message", () => {
  const bytes = writeChunks(message({ timestamp: 0x01020304, payload: Buffer.alloc(300, 7) }), 128);
  assert.equal(bytes.length, 12 + 4 + 300 + 2 * 5);
  assert.equal(bytes.readUIntBE(1, 3), 0xffffff);
  assert.equal(bytes.readUInt32BE(12), 0x01020304);
  assert.equal(bytes.readUInt8(16 + 128), 0xc4);
  assert.equal(bytes.readUInt32BE(16 + 128 + 1), 0x01020304);
});

test("messages of two chunk streams may interleave", () => {
  const video = message({ chunkStreamId: 6, timestamp: 40, payload: randomBytes(300) });
  const audio = message({ chunkStreamId: 4, type: messageType.audio, timestamp: 41, payload: randomBytes(200) });
  const [a, b] = [writeChunks(video, 128), writeChunks(audio, 128)];
  const [first, second] = [12 + 128, 1 + 128];
  const mixed = Buffer.concat([
    a.subarray(0, first),
    b.subarray(0, first),
    a.subarray(first, first + second),
    b.subarray(first),
    a.subarray(first + second),
  ]);
  assert.deepEqual(read(mixed), [audio, video]);
});

test("smaller headers take what they leave out from the message before", () => {
  const full = writeChunks(message({ chunkStreamId: 5, timestamp: 1000, payload: Buffer.of(1, 2) }), 128);
  const withLength = Buffer.from("4500001400000308030405", "hex");
  const withDelta = Buffer.from("8500000a060708", "hex");
  const bare = Buffer.from("c5090a0b", "hex");
  const got = read(Buffer.concat([full, withLength, withDelta, bare]));
  assert.deepEqual(
    got.map((one) => [one.timestamp, one.type, one.streamId, one.payload.toString("hex")]),
    [
      [1000, 9, 1, "0102"],
      [1020, 8, 1, "030405"],
      [1030, 8, 1, "060708"],
      [1040, 8, 1, "090a0b"],
    ],
  );
});

test("chunk stream ids of two and three bytes are read", () => {
  const header = writeChunks(message({ payload: Buffer.of(9) }), 128).subarray(1);
  const got = read(Buffer.concat([Buffer.of(0, 10), header, Buffer.of(1, 1, 2), header]));
  assert.deepEqual(
    got.map((one) => one.chunkStreamId),
    [74, 64 + 1 + 2 * 256],
  );
});

test("an aborted message is forgotten", () => {
  const half = writeChunks(message({ chunkStreamId: 6, payload: Buffer.alloc(200) }), 128).subarray(0, 12 + 128);
  const abort = writeChunks(
    message({ chunkStreamId: 2, type: messageType.abort, payload: Buffer.of(0, 0, 0, 6) }),
    128,
  );
  const next = message({ chunkStreamId: 6, payload: Buffer.of(1) });
  assert.deepEqual(read(Buffer.concat([half, abort, writeChunks(next, 128)])), [next]);
});

test("a message that is too large, or begins inside another, is a protocol error", () => {
  const large = Buffer.from("04000000ffffff0901000000", "hex");
  assert.throws(() => read(large), RtmpProtocolError);
  const half = writeChunks(message({ payload: Buffer.alloc(200) }), 128).subarray(0, 12 + 128);
  assert.throws(() => read(Buffer.concat([half, half])), RtmpProtocolError);
  assert.throws(() => read(Buffer.from("c4", "hex")), RtmpProtocolError);
  assert.throws(() => read(setChunkSize(0)), RtmpProtocolError);
});

test("garbage is read as messages or refused as a protocol error, and nothing else", () => {
  for (let round = 0; round < 2000; round += 1) {
    const bytes = randomBytes(randomInt(1, 600));
    // Half the rounds look plausible at first.
    if (round % 2 === 0) bytes.writeUInt8(bytes.readUInt8(0) & 0x3f, 0);
    try {
      read(bytes, randomInt(1, 100));
    } catch (error) {
      assert.ok(error instanceof RtmpProtocolError, String(error));
    }
  }
});

test("nothing follows a stop, even in the same piece", () => {
  const bytes = Buffer.concat([1, 2, 3].map((timestamp) => writeChunks(message({ timestamp }), 128)));
  const got: number[] = [];
  const reader = new ChunkReader(1000, ({ timestamp }) => {
    got.push(timestamp);
    if (timestamp === 2) reader.stop();
  });
  reader.push(bytes);
  assert.deepEqual(got, [1, 2]);
});
