import type { MediaMessage } from "../../rtmp/message.ts";

/**
 * A message on the link: kind (1 byte: 8 audio, 9 video, 18 data, as in FLV),
 * flags (1 byte: 1 keyframe, 2 configuration), timestamp (8 bytes, IEEE double,
 * ms), length (4 bytes), payload. Numbers are big-endian.
 */
const headerBytes = 14;
const maxPayloadBytes = 16 << 20;
const kindNumbers = { audio: 8, video: 9, data: 18 } as const;
const kinds: Readonly<Record<number, MediaMessage["kind"]>> = { 8: "audio", 9: "video", 18: "data" };
const keyframeFlag = 1;
const configurationFlag = 2;

/** The message's bytes on the link, in one buffer. */
export function encodeLinkMessage(message: MediaMessage): Buffer {
  const { kind, keyframe, configuration, timestamp, payload } = message;
  const bytes = Buffer.allocUnsafe(headerBytes + payload.length);
  bytes.writeUInt8(kindNumbers[kind], 0);
  bytes.writeUInt8((keyframe ? keyframeFlag : 0) | (configuration ? configurationFlag : 0), 1);
  bytes.writeDoubleBE(timestamp, 2);
  bytes.writeUInt32BE(payload.length, 10);
  payload.copy(bytes, headerBytes);
  return bytes;
}

/** What came on a link is none of ours. */
export class LinkProtocolError extends Error {
  override readonly name = "LinkProtocolError";
}

/** Makes messages of a link's bytes, however they are cut. */
export class LinkDecoder {
  #chunks: Buffer[] = [];
  #bytes = 0;

  /** The messages that are now whole; throws LinkProtocolError for what is no link's. */
  push(chunk: Buffer): MediaMessage[] {
    this.#chunks.push(chunk);
    this.#bytes += chunk.length;
    const messages: MediaMessage[] = [];
    for (let wanted = this.#wanted(); wanted !== null && this.#bytes >= wanted; wanted = this.#wanted()) {
      const whole = this.#take(wanted);
      const kind = kinds[whole.readUInt8(0)];
      if (kind === undefined) throw new LinkProtocolError("a message of an unknown kind");
      const flags = whole.readUInt8(1);
      messages.push({
        kind,
        timestamp: whole.readDoubleBE(2),
        payload: whole.subarray(headerBytes),
        keyframe: (flags & keyframeFlag) !== 0,
        configuration: (flags & configurationFlag) !== 0,
      });
    }
    return messages;
  }

  /** Bytes of the message that begins here; null before its header is whole. */
  #wanted(): number | null {
    if (this.#bytes < headerBytes) return null;
    const length = this.#first(headerBytes).readUInt32BE(10);
    if (length > maxPayloadBytes) throw new LinkProtocolError("a message larger than any");
    return headerBytes + length;
  }

  #first(length: number): Buffer {
    const [first] = this.#chunks;
    if (first !== undefined && first.length >= length) return first;
    const joined = Buffer.concat(this.#chunks);
    this.#chunks = [joined];
    return joined;
  }

  #take(length: number): Buffer {
    const joined = this.#first(length);
    this.#bytes -= length;
    if (joined.length > length) this.#chunks[0] = joined.subarray(length);
    else this.#chunks.shift();
    return joined.subarray(0, length);
  }
}
