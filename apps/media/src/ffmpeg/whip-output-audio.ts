import { AV_CHANNEL_LAYOUT_STEREO } from "node-av/constants";
import { FFmpegError, Frame } from "node-av/lib";
import { readAudioTag } from "../rtmp/media-tag.ts";
import type { MediaMessage } from "../rtmp/message.ts";
import { AudioDecoder } from "./audio-decoder.ts";
import { AudioEncoder, encodedSampleRate, encoderKinds } from "./audio-encoder.ts";
import { AudioResampler } from "./audio-resampler.ts";

const bitrate = 128_000;
const resampling = {
  ticks: 1_000,
  outputRate: encodedSampleRate,
  frameSamples: encoderKinds.opus.frameSamples,
} as const;

export type OpusFrame = {
  /** Milliseconds. */
  readonly timestamp: number;
  readonly data: Buffer;
};

/** Sound as WebRTC takes it: Opus goes straight on, all else is made Opus. One call at a time. */
export class OpusPath {
  readonly #decoder = new AudioDecoder(resampling.ticks);
  #resampler: AudioResampler | null = null;
  #encoder: AudioEncoder | null = null;

  /** What a message becomes. Throws FFmpegError. */
  async take(message: MediaMessage): Promise<OpusFrame[]> {
    if (readAudioTag(message.payload).codec === "opus") return framesOf([message]);
    const frames: OpusFrame[] = [];
    for await (const frame of this.#decoder.decode(message, Math.round(message.timestamp))) {
      frames.push(...(await this.#resample(frame)));
    }
    return frames;
  }

  free(): void {
    this.#decoder.free();
    this.#resampler?.free();
    this.#encoder?.free();
    this.#resampler = null;
    this.#encoder = null;
  }

  async #resample(frame: Frame): Promise<OpusFrame[]> {
    if (this.#resampler?.goesOn(frame) !== true) {
      this.#resampler?.free();
      this.#resampler = await AudioResampler.open(frame, resampling);
    }
    this.#encoder ??= await AudioEncoder.open("opus", bitrate);
    const frames: OpusFrame[] = [];
    for await (const resampled of this.#resampler.resample(frame)) {
      using packed = interleaved(resampled);
      frames.push(...framesOf(await this.#encoder.encode(packed)));
    }
    return frames;
  }
}

/** The encoder takes left and right in turns, and the resampler gives one after the other. */
function interleaved(planar: Frame): Frame {
  const [left, right] = planar.data ?? [];
  const samples = planar.nbSamples;
  const bytes = Buffer.alloc(samples * 8);
  for (let at = 0; at < samples; at += 1) {
    left?.copy(bytes, at * 8, at * 4, at * 4 + 4);
    right?.copy(bytes, at * 8 + 4, at * 4, at * 4 + 4);
  }
  const frame = new Frame();
  frame.alloc();
  frame.format = encoderKinds.opus.sampleFormat;
  frame.nbSamples = samples;
  frame.sampleRate = encodedSampleRate;
  frame.channelLayout = AV_CHANNEL_LAYOUT_STEREO;
  FFmpegError.throwIfError(frame.getBuffer(), "allocate a frame");
  FFmpegError.throwIfError(frame.fromBuffer(bytes), "fill a frame");
  frame.pts = planar.pts;
  return frame;
}

function framesOf(messages: readonly MediaMessage[]): OpusFrame[] {
  return messages.flatMap(({ configuration, payload, timestamp }) => {
    const data = payload.subarray(readAudioTag(payload).bodyAt);
    return configuration || data.length === 0 ? [] : [{ timestamp, data }];
  });
}
