import { AudioEncoder, encoderKinds } from "../../ffmpeg/audio-encoder.ts";
import type { MediaMessage } from "../../rtmp/message.ts";
import type { Stereo } from "./pcm.ts";
import { sampleRate } from "./pcm.ts";
import { SerialQueue } from "./serial-queue.ts";

export type EncodingOptions = {
  readonly codec: keyof typeof encoderKinds;
  /** bit/s. */
  readonly bitrate: number;
  /** The sample that comes first. */
  readonly from: number;
  readonly onMessage: (message: MediaMessage) => void;
  readonly onError: (error: unknown) => void;
};

/** An encoder that failed is opened anew after as much sound as this. */
const retrySamples = sampleRate;
/** About ten seconds: an encoder that is so far behind is stuck. */
const maxQueue = 500;

type Pcm = { readonly at: number; readonly samples: Float32Array<ArrayBuffer> };

/** Cuts the mix into an encoder's frames and encodes them off the event loop, in order. */
export class Encoding {
  readonly #options: EncodingOptions;
  readonly #frameSamples: number;
  readonly #isPlanar: boolean;
  readonly #queue: SerialQueue<Pcm>;
  #filling: Pcm;
  #filled = 0;
  #encoder: AudioEncoder | null = null;
  #retryAt = -Infinity;

  constructor(options: EncodingOptions) {
    this.#options = options;
    this.#frameSamples = encoderKinds[options.codec].frameSamples;
    this.#isPlanar = options.codec === "aac";
    this.#filling = this.#emptyFrame(options.from);
    this.#queue = new SerialQueue(
      maxQueue,
      (pcm) => this.#take(pcm),
      () => this.#free(),
    );
  }

  /** Sound that goes on from the last, without its first `skip` samples. */
  push(block: Stereo, skip: number): void {
    const { left, right } = block;
    const size = this.#frameSamples;
    const [step, rightAt] = this.#isPlanar ? [1, size] : [2, 1];
    for (let i = skip; i < left.length; i += 1) {
      const at = this.#filled * step;
      this.#filling.samples[at] = left[i] ?? 0;
      this.#filling.samples[at + rightAt] = right[i] ?? 0;
      this.#filled += 1;
      if (this.#filled === size) this.#enqueue();
    }
  }

  /** When all whole frames have become messages. */
  async settled(): Promise<void> {
    await this.#queue.settled();
  }

  /** Nothing comes to the listener any more. */
  close(): void {
    this.#queue.close();
  }

  #emptyFrame(at: number): Pcm {
    return { at, samples: new Float32Array(this.#frameSamples * 2) };
  }

  #enqueue(): void {
    const full = this.#filling;
    this.#filling = this.#emptyFrame(full.at + this.#frameSamples);
    this.#filled = 0;
    this.#queue.push(full);
  }

  async #take(pcm: Pcm): Promise<void> {
    if (pcm.at < this.#retryAt) return;
    try {
      await this.#encode(pcm);
    } catch (error) {
      this.#free();
      this.#retryAt = pcm.at + retrySamples;
      if (!this.#queue.isClosed) this.#options.onError(error);
    }
  }

  async #encode(pcm: Pcm): Promise<void> {
    const { codec, bitrate } = this.#options;
    this.#encoder ??= await AudioEncoder.open(codec, bitrate);
    for (const message of await this.#encoder.encodeSamples(pcm.samples, pcm.at)) {
      if (!this.#queue.isClosed) this.#options.onMessage(message);
    }
  }

  #free(): void {
    this.#encoder?.free();
    this.#encoder = null;
  }
}
