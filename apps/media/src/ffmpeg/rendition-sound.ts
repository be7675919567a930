import type { MediaMessage } from "../rtmp/message.ts";
import { AudioEncoder, encodedSampleRate, encoderKinds } from "./audio-encoder.ts";
import type { Sound } from "./sound-track.ts";

const bitrate = 192_000;
const { frameSamples } = encoderKinds.aac;
/** Sound that is told to be so little early or late goes on where the last ended. */
const toleranceSamples = 2_048;

/** Encodes the sound of a rendition: blocks of any length at their places made AAC without gaps. Throws FFmpegError. */
export class RenditionSound {
  readonly #encoder: AudioEncoder;
  /** Left, then right. */
  #frame = new Float32Array(2 * frameSamples);
  #filled = 0;
  /** Of the frame that is being filled. */
  #at = 0;

  private constructor(encoder: AudioEncoder) {
    this.#encoder = encoder;
  }

  static async open(): Promise<RenditionSound> {
    return new RenditionSound(await AudioEncoder.open("aac", bitrate));
  }

  /** AudioSpecificConfig (ISO/IEC 14496-3, 1.6.2.1). */
  get header(): Buffer | null {
    return this.#encoder.header;
  }

  async add({ ms, left, right }: Sound): Promise<MediaMessage[]> {
    const messages: MediaMessage[] = [];
    const place = Math.round((ms * encodedSampleRate) / 1_000);
    const early = this.#at + this.#filled - place;
    const isNext = Math.abs(early) <= toleranceSamples;
    if (!isNext) await this.#silence(-early, messages);
    for (let from = isNext ? 0 : Math.max(0, early); from < left.length;) {
      const until = Math.min(left.length, from + frameSamples - this.#filled);
      this.#frame.set(left.subarray(from, until), this.#filled);
      this.#frame.set(right.subarray(from, until), frameSamples + this.#filled);
      await this.#grow(until - from, messages);
      from = until;
    }
    return messages;
  }

  async finish(): Promise<MediaMessage[]> {
    const messages: MediaMessage[] = [];
    if (this.#filled > 0) await this.#silence(frameSamples - this.#filled, messages);
    return messages;
  }

  free(): void {
    this.#encoder.free();
  }

  async #silence(samples: number, messages: MediaMessage[]): Promise<void> {
    for (let left = samples; left > 0;) {
      const some = Math.min(left, frameSamples - this.#filled);
      await this.#grow(some, messages);
      left -= some;
    }
  }

  /** So many samples more are in the frame, which is empty until then. */
  async #grow(samples: number, messages: MediaMessage[]): Promise<void> {
    this.#filled += samples;
    if (this.#filled < frameSamples) return;
    messages.push(...(await this.#encoder.encodeSamples(this.#frame, this.#at)));
    this.#frame = new Float32Array(2 * frameSamples);
    this.#at += frameSamples;
    this.#filled = 0;
  }
}
