import type { Frame } from "node-av/lib";
import { AudioDecoder } from "../../ffmpeg/audio-decoder.ts";
import { AudioResampler, isPlain } from "../../ffmpeg/audio-resampler.ts";
import { readAudioTag } from "../../rtmp/media-tag.ts";
import type { MediaMessage } from "../../rtmp/message.ts";
import type { Stereo } from "./pcm.ts";
import { sampleRate, samplesOf, stereo } from "./pcm.ts";
import { SerialQueue } from "./serial-queue.ts";

export type SourceDecoderListener = {
  /** Sound whose first sample belongs at sample `at`. */
  readonly onBlock: (at: number, block: Stereo) => void;
  /** The next block does not go on from the last. */
  readonly onInterrupted: () => void;
  readonly onError: (error: unknown) => void;
};

/** About four seconds of sound: more than that is of no use any more. */
const maxQueue = 200;
/** A step of more than half a packet says that one was lost, which no other codec's transport does. */
const lostOpusSamples = samplesOf(10);
/** Beyond four times full scale it is noise from garbage. */
const loudest = 4;

const resampling = { ticks: sampleRate, outputRate: sampleRate, frameSamples: null } as const;

type Item = { readonly message: MediaMessage; readonly atMs: number } | "interrupt";

/**
 * Decodes a source's messages off the event loop, in order, to 48 kHz stereo.
 * What cannot be decoded is left out.
 */
export class SourceDecoder {
  readonly #listener: SourceDecoderListener;
  readonly #queue: SerialQueue<Item>;
  readonly #decoder = new AudioDecoder(resampling.ticks);
  #resampler: AudioResampler | null = null;
  #expectedAt: number | null = null;

  constructor(listener: SourceDecoderListener) {
    this.#listener = listener;
    this.#queue = new SerialQueue(
      maxQueue,
      (item) => this.#take(item),
      () => this.#free(),
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
    if (!Number.isFinite(at)) return;
    const isOpus = readAudioTag(message.payload).codec === "opus";
    for await (const frame of this.#decoder.decode(message, at)) {
      if (isOpus) this.#noteLoss(Number(frame.pts));
      if (isPlain(frame, sampleRate)) this.#emit(frame);
      else await this.#convert(frame);
    }
  }

  async #convert(frame: Frame): Promise<void> {
    if (this.#resampler?.takes(frame) !== true) {
      this.#resampler?.free();
      this.#resampler = null;
      this.#resampler = await AudioResampler.open(frame, resampling);
    }
    for await (const converted of this.#resampler.resample(frame)) this.#emit(converted);
  }

  #emit(frame: Frame): void {
    const block = blockOf(frame);
    if (block === null || this.#queue.isClosed) return;
    const at = Number(frame.pts);
    this.#expectedAt = at + block.left.length;
    this.#listener.onBlock(at, block);
  }

  #noteLoss(at: number): void {
    if (this.#expectedAt !== null && at - this.#expectedAt > lostOpusSamples) this.#listener.onInterrupted();
  }

  #begin(): void {
    // What a decoder remembers, or keeps to itself, belongs to before. It knows its configuration still.
    this.#free();
    this.#expectedAt = null;
    if (!this.#queue.isClosed) this.#listener.onInterrupted();
  }

  #free(): void {
    this.#decoder.free();
    this.#resampler?.free();
    this.#resampler = null;
  }
}

/** A copy of a planar float frame of one or two channels. */
function blockOf(frame: Frame): Stereo | null {
  const [left, right = left] = frame.data ?? [];
  if (left === undefined || right === undefined || frame.nbSamples === 0) return null;
  const block = stereo(frame.nbSamples);
  copySane(left, block.left);
  copySane(right, block.right);
  return block;
}

/** Garbage can decode to no number at all, and would never leave a filter again. */
function copySane(from: Buffer, into: Float32Array): void {
  from.copy(new Uint8Array(into.buffer), 0, 0, into.byteLength);
  for (let i = 0; i < into.length; i += 1) {
    const sample = into[i] ?? 0;
    if (!(Math.abs(sample) <= loudest)) into[i] = 0;
  }
}
