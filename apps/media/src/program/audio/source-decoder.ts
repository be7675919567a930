import { PcmDecoder } from "../../ffmpeg/pcm-decoder.ts";
import { readAudioTag } from "../../rtmp/media-tag.ts";
import type { MediaMessage } from "../../rtmp/message.ts";
import type { Stereo } from "./pcm.ts";
import { sampleRate, samplesOf } from "./pcm.ts";
import { SerialQueue } from "./serial-queue.ts";

export type SourceDecoderListener = {
  /** Sound whose first sample belongs at sample `at`. */
  readonly onBlock: (at: number, block: Stereo) => void;
  /** So many samples between the last block and the next will not come. */
  readonly onLost: (samples: number) => void;
  /** The next block does not go on from the last. */
  readonly onInterrupted: () => void;
  readonly onError: (error: unknown) => void;
};

/** About four seconds of sound: more than that is of no use any more. */
const maxQueue = 200;
/** A step of more than half a packet says that one was lost, which no other codec's transport does. */
const lostOpusSamples = samplesOf(10);
type Item = { readonly message: MediaMessage; readonly atMs: number } | "interrupt";

/**
 * Decodes a source's messages off the event loop, in order, to 48 kHz stereo.
 * What cannot be decoded is left out.
 */
export class SourceDecoder {
  readonly #listener: SourceDecoderListener;
  readonly #queue: SerialQueue<Item>;
  readonly #decoder = new PcmDecoder(sampleRate);
  #expectedAt: number | null = null;

  constructor(listener: SourceDecoderListener) {
    this.#listener = listener;
    this.#queue = new SerialQueue(
      maxQueue,
      (item) => this.#take(item),
      () => this.#decoder.free(),
    );
  }

  push(message: MediaMessage, atMs: number): void {
    this.#queue.push({ message, atMs });
  }

  interrupt(): void {
    this.#queue.push("interrupt");
  }

  /** When all that was pushed has become blocks. */
  async settled(): Promise<void> {
    await this.#queue.settled();
  }

  close(): void {
    this.#queue.close();
  }

  async #take(item: Item): Promise<void> {
    try {
      if (item === "interrupt") this.#begin();
      else await this.#decode(item.message, item.atMs);
    } catch (error) {
      // A format that cannot be converted: the next message is tried afresh.
      this.#begin();
      if (!this.#queue.isClosed) this.#listener.onError(error);
    }
  }

  async #decode(message: MediaMessage, atMs: number): Promise<void> {
    const at = (atMs * sampleRate) / 1_000;
    const { codec, configuration } = readAudioTag(message.payload);
    if (!Number.isFinite(at) && !configuration) return;
    for await (const block of this.#decoder.decode(message, at)) {
      if (this.#queue.isClosed) return;
      const lost = this.#expectedAt === null ? 0 : block.at - this.#expectedAt;
      if (codec === "opus" && lost > lostOpusSamples) this.#listener.onLost(Math.round(lost));
      this.#expectedAt = block.at + block.left.length;
      this.#listener.onBlock(block.at, block);
    }
  }

  #begin(): void {
    // What a decoder remembers, or keeps to itself, belongs to before. It knows its configuration still.
    this.#decoder.free();
    this.#expectedAt = null;
    if (!this.#queue.isClosed) this.#listener.onInterrupted();
  }
}
