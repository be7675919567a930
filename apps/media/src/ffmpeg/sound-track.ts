import { Frame } from "node-av/lib";
import type { CodecContext, Packet, Stream } from "node-av/lib";
import { AudioResampler, isPlain } from "./audio-resampler.ts";
import { blockOf } from "./pcm-decoder.ts";
import { openDecoder } from "./picture-track.ts";

/** Stereo of 48 kHz; `ms`: when its first sample is to be heard. */
export type Sound = { readonly ms: number; readonly left: Float32Array; readonly right: Float32Array };

const sampleRate = 48_000;
const ticksPerMs = sampleRate / 1_000;
const smallBytes = 4_096;
const noTime = -(2n ** 62n);

/** Decodes the sound of one stream of a demuxer, whatever its codec. What cannot be decoded is left out. */
export class SoundTrack {
  readonly #context: CodecContext;
  readonly #msPerTick: number;
  readonly #startMs: number;
  #resampler: AudioResampler | null = null;
  #nextMs = 0;

  private constructor(context: CodecContext, stream: Stream, startMs: number) {
    this.#context = context;
    this.#startMs = startMs;
    this.#msPerTick = (stream.timeBase.num * 1_000) / stream.timeBase.den;
  }

  /** Null where there is no decoder for it. */
  static async open(stream: Stream, startMs: number): Promise<SoundTrack | null> {
    const context = await openDecoder(stream);
    return context === null ? null : new SoundTrack(context, stream, startMs);
  }

  /** Null: what the decoder still holds. */
  async *decode(packet: Packet | null): AsyncGenerator<{ readonly kind: "sound" } & Sound> {
    // A tenth of a millisecond for a small one: to ask another thread for it costs more.
    const isSmall = packet !== null && packet.size <= smallBytes;
    const sent = isSmall ? this.#context.sendPacketSync(packet) : await this.#context.sendPacket(packet);
    if (sent < 0 && packet !== null) return;
    using frame = new Frame();
    frame.alloc();
    // Decoding was done with the packet: this hands over what came of it.
    while (this.#context.receiveFrameSync(frame) >= 0) {
      const time = frame.bestEffortTimestamp > noTime ? frame.bestEffortTimestamp : frame.pts;
      const ms = time > noTime ? Number(time) * this.#msPerTick - this.#startMs : this.#nextMs;
      this.#nextMs = ms + (frame.nbSamples * 1_000) / Math.max(1, frame.sampleRate);
      frame.pts = BigInt(Math.round(ms * ticksPerMs));
      for await (const { at, left, right } of this.#blocks(frame))
        yield { kind: "sound", ms: at / ticksPerMs, left, right };
      frame.unref();
    }
  }

  restart(): void {
    this.#context.flushBuffers();
    this.#resampler?.free();
    this.#resampler = null;
  }

  free(): void {
    this.#context.freeContext();
    this.#resampler?.free();
    this.#resampler = null;
  }

  async *#blocks(frame: Frame): AsyncGenerator<{ at: number; left: Float32Array; right: Float32Array }> {
    if (isPlain(frame, sampleRate)) {
      yield* blockOf(frame);
      return;
    }
    if (this.#resampler?.goesOn(frame) !== true) {
      this.#resampler?.free();
      this.#resampler = null;
      this.#resampler = await AudioResampler.open(frame, {
        ticks: sampleRate,
        outputRate: sampleRate,
        frameSamples: null,
      });
    }
    for await (const converted of this.#resampler.resample(frame)) yield* blockOf(converted);
  }
}
