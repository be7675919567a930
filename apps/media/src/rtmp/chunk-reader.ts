import { defaultChunkSize, extendedTimestampMark, messageType, type RawMessage } from "./chunk.ts";
import { RtmpProtocolError } from "./errors.ts";

/** Bytes of a message header by chunk type (RTMP 1.0, 5.3.1.2). */
const headerBytes = [11, 7, 3, 0] as const;

const maxChunkStreams = 64;
const nothing = Buffer.alloc(0);

type ChunkStream = {
  readonly id: number;
  timestamp: number;
  delta: number;
  length: number;
  type: number;
  streamId: number;
  extended: boolean;
  /** The message being received; null between messages. */
  body: Buffer | null;
  filled: number;
};

/**
 * Puts messages together from the peer's chunks, however they arrive. Set Chunk
 * Size and Abort are obeyed here and not passed on. What breaks the protocol,
 * or is larger than `maxMessageBytes`, throws RtmpProtocolError out of `push`.
 */
export class ChunkReader {
  readonly #maxMessageBytes: number;
  readonly #onMessage: (message: RawMessage) => void;
  readonly #streams = new Map<number, ChunkStream>();
  #chunkSize = defaultChunkSize;
  /** The start of a header whose end has not arrived. */
  #held = nothing;
  #current: ChunkStream | null = null;
  #leftInChunk = 0;
  #bytesInParts = 0;
  #stopped = false;

  constructor(maxMessageBytes: number, onMessage: (message: RawMessage) => void) {
    this.#maxMessageBytes = maxMessageBytes;
    this.#onMessage = onMessage;
  }

  push(data: Buffer): void {
    const bytes = this.#held.length === 0 ? data : Buffer.concat([this.#held, data]);
    this.#held = nothing;
    let at = 0;
    while (at < bytes.length && !this.#stopped) {
      if (this.#current === null) {
        const used = this.#readHeader(bytes, at);
        if (used === 0) {
          this.#held = Buffer.from(bytes.subarray(at));
          return;
        }
        at += used;
      }
      at += this.#readBody(bytes, at);
    }
  }

  /** No message is passed on any more, not even the rest of the current `push`. */
  stop(): void {
    this.#stopped = true;
  }

  /** Returns how many bytes the header took; 0 where it is not all there yet. */
  #readHeader(bytes: Buffer, start: number): number {
    const basic = bytes.readUInt8(start);
    const format = basic >> 6;
    let id = basic & 0x3f;
    let at = start + 1;
    if (id < 2) {
      const idBytes = id + 1;
      if (bytes.length < at + idBytes) return 0;
      id = 64 + bytes.readUIntLE(at, idBytes);
      at += idBytes;
    }
    const stream = this.#stream(id, format);
    const size = headerBytes[format] ?? 0;
    if (bytes.length < at + size) return 0;
    const field = size > 0 ? bytes.readUIntBE(at, 3) : 0;
    const extended = size > 0 ? field === extendedTimestampMark : stream.extended;
    if (bytes.length < at + size + (extended ? 4 : 0)) return 0;

    if (size > 0 && stream.body !== null) throw new RtmpProtocolError("a message started inside another one");
    stream.extended = extended;
    if (size >= 7) {
      stream.length = bytes.readUIntBE(at + 3, 3);
      stream.type = bytes.readUInt8(at + 6);
    }
    if (size === 11) stream.streamId = bytes.readUInt32LE(at + 7);
    at += size;
    const time = extended ? bytes.readUInt32BE(at) : field;
    if (extended) at += 4;

    if (stream.body === null) {
      // A new message without a header after a full one: the text repeats the whole timestamp as
      // the delta, which nobody means; nginx-rtmp writes it for "the same time", and gortmplib reads it so.
      if (size > 0) stream.delta = size === 11 ? 0 : time;
      stream.timestamp = size === 11 ? time : (stream.timestamp + stream.delta) >>> 0;
      this.#startBody(stream);
    }
    this.#current = stream;
    this.#leftInChunk = Math.min(this.#chunkSize, stream.length - stream.filled);
    return at - start;
  }

  #stream(id: number, format: number): ChunkStream {
    const known = this.#streams.get(id);
    if (known !== undefined) return known;
    if (format !== 0) throw new RtmpProtocolError("a chunk stream started without a full header");
    if (this.#streams.size >= maxChunkStreams) throw new RtmpProtocolError("too many chunk streams");
    const stream: ChunkStream = {
      id,
      timestamp: 0,
      delta: 0,
      length: 0,
      type: 0,
      streamId: 0,
      extended: false,
      body: null,
      filled: 0,
    };
    this.#streams.set(id, stream);
    return stream;
  }

  #startBody(stream: ChunkStream): void {
    this.#bytesInParts += stream.length;
    if (stream.length > this.#maxMessageBytes || this.#bytesInParts > 2 * this.#maxMessageBytes) {
      throw new RtmpProtocolError(`a message of ${stream.length} bytes is too large`);
    }
    stream.body = Buffer.allocUnsafe(stream.length);
    stream.filled = 0;
  }

  #readBody(bytes: Buffer, at: number): number {
    const stream = this.#current;
    if (stream === null || stream.body === null) return 0;
    const count = Math.min(this.#leftInChunk, bytes.length - at);
    bytes.copy(stream.body, stream.filled, at, at + count);
    stream.filled += count;
    this.#leftInChunk -= count;
    if (this.#leftInChunk > 0) return count;
    this.#current = null;
    if (stream.filled === stream.length) this.#finish(stream, stream.body);
    return count;
  }

  #finish(stream: ChunkStream, payload: Buffer): void {
    this.#drop(stream);
    if (stream.type === messageType.setChunkSize) {
      this.#setChunkSize(payload);
    } else if (stream.type === messageType.abort) {
      const aborted = this.#streams.get(readUInt32(payload));
      if (aborted !== undefined && aborted.body !== null) this.#drop(aborted);
    } else {
      const { id, type, streamId, timestamp } = stream;
      this.#onMessage({ chunkStreamId: id, type, streamId, timestamp, payload });
    }
  }

  #drop(stream: ChunkStream): void {
    this.#bytesInParts -= stream.length;
    stream.body = null;
    stream.filled = 0;
  }

  #setChunkSize(payload: Buffer): void {
    const size = readUInt32(payload);
    if (size === 0 || size > 0x7fffffff) throw new RtmpProtocolError(`a chunk size of ${size} is not allowed`);
    this.#chunkSize = size;
  }
}

function readUInt32(payload: Buffer): number {
  if (payload.length < 4) throw new RtmpProtocolError("a control message is too short");
  return payload.readUInt32BE(0);
}
