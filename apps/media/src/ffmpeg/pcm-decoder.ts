import type { Frame } from "node-av/lib";
import type { MediaMessage } from "../rtmp/message.ts";
import { AudioDecoder } from "./audio-decoder.ts";
import { AudioResampler, isPlain, type Resampling } from "./audio-resampler.ts";

/** Two channels of equal length, 1 is full scale; the first belongs at sample `at`. */
export type PcmBlock = { readonly at: number; readonly left: Float32Array; readonly right: Float32Array };

/** Beyond four times full scale it is noise from garbage. */
const loudest = 4;

/**
 * Decodes the audio messages of one stream to stereo of one rate. One channel
 * goes to both sides; more than two are mixed down. What cannot be decoded is
 * left out. One call at a time.
 */
export class PcmDecoder {
  readonly #resampling: Resampling;
  readonly #decoder: AudioDecoder;
  #resampler: AudioResampler | null = null;

  constructor(sampleRate: number) {
    this.#resampling = { ticks: sampleRate, outputRate: sampleRate, frameSamples: null };
    this.#decoder = new AudioDecoder(sampleRate);
  }

  /** What comes of a message whose first sample belongs at sample `at`. Throws where a format cannot be converted. */
  async *decode(message: MediaMessage, at: number): AsyncGenerator<PcmBlock> {
    for await (const frame of this.#decoder.decode(message, at)) {
      if (isPlain(frame, this.#resampling.outputRate)) yield* blockOf(frame);
      else yield* this.#convert(frame);
    }
  }

  /** Forgets what it keeps of the sound so far, and knows its configuration still. */
  free(): void {
    this.#decoder.free();
    this.#resampler?.free();
    this.#resampler = null;
  }

  async *#convert(frame: Frame): AsyncGenerator<PcmBlock> {
    if (this.#resampler?.takes(frame) !== true) {
      this.#resampler?.free();
      this.#resampler = null;
      this.#resampler = await AudioResampler.open(frame, this.#resampling);
    }
    for await (const converted of this.#resampler.resample(frame)) yield* blockOf(converted);
  }
}

/** A copy of a planar float frame of one or two channels. */
export function* blockOf(frame: Frame): Generator<PcmBlock> {
  const [left, right = left] = frame.data ?? [];
  if (left === undefined || right === undefined || frame.nbSamples === 0) return;
  yield { at: Number(frame.pts), left: copySane(left, frame.nbSamples), right: copySane(right, frame.nbSamples) };
}

/** Garbage can decode to no number at all, and would never leave a filter again. */
function copySane(from: Buffer, samples: number): Float32Array {
  const copy = new Float32Array(samples);
  from.copy(new Uint8Array(copy.buffer), 0, 0, copy.byteLength);
  for (let i = 0; i < samples; i += 1) {
    const sample = copy[i] ?? 0;
    if (!(Math.abs(sample) <= loudest)) copy[i] = 0;
  }
  return copy;
}
