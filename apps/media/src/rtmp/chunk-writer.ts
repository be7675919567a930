import { extendedTimestampMark, type RawMessage } from "./chunk.ts";

/**
 * The message as one type 0 chunk and as many type 3 chunks as it needs (RTMP
 * 1.0, 5.3.1). Never a delta: each message stands alone, so that one can be
 * left out, or its bytes shared by connections that sent different ones before.
 */
export function writeChunks(message: RawMessage, chunkSize: number): Buffer {
  const { chunkStreamId, payload } = message;
  if (chunkStreamId < 2 || chunkStreamId > 63) throw new RangeError("chunk stream ids are 2 to 63 here");
  const timestamp = message.timestamp >>> 0;
  const extended = timestamp >= extendedTimestampMark;
  const extraBytes = extended ? 4 : 0;
  const continuations = Math.max(0, Math.ceil(payload.length / chunkSize) - 1);
  const out = Buffer.allocUnsafe(12 + extraBytes + payload.length + continuations * (1 + extraBytes));

  out.writeUInt8(chunkStreamId, 0);
  out.writeUIntBE(extended ? extendedTimestampMark : timestamp, 1, 3);
  out.writeUIntBE(payload.length, 4, 3);
  out.writeUInt8(message.type, 7);
  out.writeUInt32LE(message.streamId, 8);
  let at = 12;
  if (extended) at = out.writeUInt32BE(timestamp, at);

  for (let taken = 0; taken < payload.length; taken += chunkSize) {
    if (taken > 0) {
      at = out.writeUInt8(0xc0 | chunkStreamId, at);
      // Not in every reading of the text, but what Adobe's own and all known peers expect.
      if (extended) at = out.writeUInt32BE(timestamp, at);
    }
    at += payload.copy(out, at, taken, Math.min(taken + chunkSize, payload.length));
  }
  return out;
}
