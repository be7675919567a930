import type { Frame } from "node-av/lib";
import type { MediaMessage } from "../rtmp/message.ts";
import { AudioDecoder } from "./audio-decoder.ts";
import { AudioEncoder, encodedSampleRate, encoderKinds } from "./audio-encoder.ts";
import { AudioResampler } from "./audio-resampler.ts";

export type AudioTranscoderListener = {
  readonly onMessage: (message: MediaMessage) => void;
  /** It is of no use any more. */
  readonly onError: (error: unknown) => void;
};

const outputBitrate = 160_000;
/** About four seconds of audio: who falls so far behind does not catch up. */
const maxQueue = 200;

const resampling = {
  ticks: 1_000,
  outputRate: encodedSampleRate,
  frameSamples: encoderKinds.aac.frameSamples,
} as const;

/**
 * Turns Opus and MP3 messages into AAC-LC (48 kHz, stereo, 160 kbit/s), on the
 * same timeline: the sound's place is that of its source, small gaps are filled
 * with silence, and drift is taken up by resampling. Codecs that it does not
 * know are left out.
 */
export class AudioTranscoder {
  readonly #listener: AudioTranscoderListener;
  readonly #queue: MediaMessage[] = [];
  #isRunning = false;
  #isClosed = false;

  readonly #decoder = new AudioDecoder(resampling.ticks);
  #resampler: AudioResampler | null = null;
  #encoder: AudioEncoder | null = null;

  constructor(listener: AudioTranscoderListener) {
    this.#listener = listener;
  }

  /** Takes the next message; what it becomes comes to the listener later, in order. */
  push(message: MediaMessage): void {
    if (this.#isClosed) return;
    this.#queue.push(message);
    if (this.#queue.length > maxQueue) this.#queue.shift();
    if (!this.#isRunning) void this.#run();
  }

  /** Ends it; nothing comes to the listener any more. */
  close(): void {
    this.#isClosed = true;
    if (!this.#isRunning) this.#free();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    try {
      for (let next = this.#queue.shift(); next !== undefined && !this.#isClosed; next = this.#queue.shift()) {
        for await (const frame of this.#decoder.decode(next, next.timestamp)) await this.#resample(frame);
      }
    } catch (error) {
      this.#isClosed = true;
      this.#listener.onError(error);
    }
    this.#isRunning = false;
    if (this.#isClosed) this.#free();
  }

  async #resample(frame: Frame): Promise<void> {
    if (this.#resampler?.goesOn(frame) !== true) {
      this.#resampler?.free();
      this.#resampler = await AudioResampler.open(frame, resampling);
    }
    for await (const resampled of this.#resampler.resample(frame)) await this.#encode(resampled);
  }

  async #encode(frame: Frame): Promise<void> {
    this.#encoder ??= await AudioEncoder.open("aac", outputBitrate);
    for (const message of await this.#encoder.encode(frame)) {
      if (!this.#isClosed) this.#listener.onMessage(message);
    }
  }

  #free(): void {
    this.#decoder.free();
    this.#resampler?.free();
    this.#encoder?.free();
    this.#resampler = null;
    this.#encoder = null;
  }
}
