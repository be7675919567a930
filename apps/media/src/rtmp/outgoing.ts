import { encodeAmf0 } from "./amf0.ts";
import { messageType } from "./chunk.ts";
import { writeChunks } from "./chunk-writer.ts";
import type { MediaMessage } from "./message.ts";

/** Ours towards every server: a message is nearly always one chunk. nginx-rtmp takes 10 MB, and MediaMTX itself says 65536. */
export const outgoingChunkSize = 65_536;

const wire = {
  audio: { type: messageType.audio, chunkStreamId: 4 },
  video: { type: messageType.video, chunkStreamId: 6 },
  data: { type: messageType.dataAmf0, chunkStreamId: 5 },
} as const;

const metadata = encodeAmf0(["onMetaData"]);
const setDataFrame = encodeAmf0(["@setDataFrame"]);

/**
 * One media message on its way to any number of publishers. Its chunks are
 * made once for each message stream id and the buffer is shared, so that a
 * further destination costs a write and not a copy.
 */
export class OutgoingMessage {
  readonly media: MediaMessage;
  readonly #chunks = new Map<number, Buffer>();

  constructor(media: MediaMessage) {
    this.media = media;
  }

  /** The whole message in chunks of `outgoingChunkSize`. Shared: not to be written to. */
  chunks(streamId: number): Buffer {
    const known = this.#chunks.get(streamId);
    if (known !== undefined) return known;
    const { kind, timestamp } = this.media;
    // Unwrapped times go round again at 2^32 (RTMP 1.0, section 3).
    const made = writeChunks(
      { ...wire[kind], streamId, timestamp: timestamp % 2 ** 32, payload: this.#payload() },
      outgoingChunkSize,
    );
    this.#chunks.set(streamId, made);
    return made;
  }

  /** A server keeps metadata for late viewers only when it is asked to. */
  #payload(): Buffer {
    const { kind, payload } = this.media;
    const bare = kind === "data" && payload.subarray(0, metadata.length).equals(metadata);
    return bare ? Buffer.concat([setDataFrame, payload]) : payload;
  }
}
