import {
  AV_CHANNEL_LAYOUT_STEREO,
  AV_CODEC_FLAG_GLOBAL_HEADER,
  AV_LOG_QUIET,
  AV_SAMPLE_FMT_FLT,
  AV_SAMPLE_FMT_FLTP,
  FF_ENCODER_AAC,
  FF_ENCODER_LIBOPUS,
} from "node-av/constants";
import type { AVSampleFormat, FFEncoderCodec } from "node-av/constants";
import { Codec, CodecContext, Dictionary, FFmpegError, Frame, Log, Packet, Rational } from "node-av/lib";
import type { MediaMessage } from "../rtmp/message.ts";

export const encodedSampleRate = 48_000;

type Kind = {
  readonly encoder: FFEncoderCodec;
  readonly frameSamples: number;
  /** Planar: one channel after the other; else left and right in turns. */
  readonly sampleFormat: AVSampleFormat;
  readonly options: Readonly<Record<string, string>>;
  /** In front of a configuration, and of a frame. */
  readonly tags: { readonly configuration: Buffer; readonly frame: Buffer };
};

const opus = Buffer.from("Opus");

export const encoderKinds = {
  /** AAC-LC. SoundFormat 10 and the rate, size and type bits that AAC always has (FLV 10.1, E.4.2.1). */
  aac: {
    encoder: FF_ENCODER_AAC,
    frameSamples: 1_024,
    sampleFormat: AV_SAMPLE_FMT_FLTP,
    options: {},
    tags: { configuration: Buffer.of(0xaf, 0), frame: Buffer.of(0xaf, 1) },
  },
  /** 20 ms frames; 2.5 ms of look-ahead, since nothing is tuned for speech. Enhanced RTMP v2, ExAudioTagHeader. */
  opus: {
    encoder: FF_ENCODER_LIBOPUS,
    frameSamples: 960,
    sampleFormat: AV_SAMPLE_FMT_FLT,
    options: { application: "lowdelay", frame_duration: "20" },
    tags: { configuration: Buffer.concat([Buffer.of(0x90), opus]), frame: Buffer.concat([Buffer.of(0x91), opus]) },
  },
} as const satisfies Record<string, Kind>;

// FFmpeg prints to standard error otherwise, past our log.
Log.setLevel(AV_LOG_QUIET);

/**
 * Encodes 48 kHz stereo to messages. A packet is stamped with the place of the
 * sound that a decoder gives for it, so that priming moves nothing.
 */
export class AudioEncoder {
  readonly #kind: Kind;
  readonly #context: CodecContext;
  #toldConfiguration = false;

  private constructor(kind: Kind, context: CodecContext) {
    this.#kind = kind;
    this.#context = context;
  }

  /** `bitrate`: bit/s. Throws FFmpegError. */
  static async open(codec: keyof typeof encoderKinds, bitrate: number): Promise<AudioEncoder> {
    const kind: Kind = encoderKinds[codec];
    const encoder = Codec.findEncoderByName(kind.encoder);
    const context = new CodecContext();
    context.allocContext3(encoder);
    context.sampleRate = encodedSampleRate;
    context.sampleFormat = kind.sampleFormat;
    context.channelLayout = AV_CHANNEL_LAYOUT_STEREO;
    context.bitRate = BigInt(bitrate);
    context.timeBase = new Rational(1, encodedSampleRate);
    context.threadCount = 1;
    context.setFlags(AV_CODEC_FLAG_GLOBAL_HEADER);
    const result = await context.open2(encoder, Dictionary.fromObject(kind.options));
    if (result < 0) context.freeContext();
    FFmpegError.throwIfError(result, "open the encoder");
    return new AudioEncoder(kind, context);
  }

  /** The configuration, as containers have it. */
  get header(): Buffer | null {
    return this.#context.extraData;
  }

  /** A frame of `frameSamples`, stamped in samples. The configuration comes before the first message. Throws FFmpegError. */
  async encode(frame: Frame): Promise<MediaMessage[]> {
    // A fraction of a millisecond: to ask another thread for it costs as much again.
    FFmpegError.throwIfError(this.#context.sendFrameSync(frame), "encode");
    const messages: MediaMessage[] = [];
    using packet = new Packet();
    packet.alloc();
    while (this.#context.receivePacketSync(packet) >= 0) {
      messages.push(...this.#messagesOf(packet));
      packet.unref();
    }
    return messages;
  }

  /**
   * As `encode`, of samples: for AAC the left side and then the right, for Opus
   * left and right in turns; `frameSamples` of each. `at`: which sample the first is.
   */
  async encodeSamples(samples: Float32Array<ArrayBuffer>, at: number): Promise<MediaMessage[]> {
    using frame = new Frame();
    frame.alloc();
    frame.format = this.#kind.sampleFormat;
    frame.nbSamples = this.#kind.frameSamples;
    frame.sampleRate = encodedSampleRate;
    frame.channelLayout = AV_CHANNEL_LAYOUT_STEREO;
    FFmpegError.throwIfError(frame.getBuffer(), "allocate a frame");
    FFmpegError.throwIfError(frame.fromBuffer(Buffer.from(samples.buffer)), "fill a frame");
    frame.pts = BigInt(at);
    return await this.encode(frame);
  }

  free(): void {
    this.#context.freeContext();
  }

  #messagesOf(packet: Packet): MediaMessage[] {
    if (packet.data === null) return [];
    const { tags } = this.#kind;
    const pts = Number(packet.pts);
    const timestamp = Math.max(0, Math.round((pts * 1_000) / encodedSampleRate));
    const message = { kind: "audio", timestamp, keyframe: false } as const;
    const messages: MediaMessage[] = [];
    const { header } = this;
    if (!this.#toldConfiguration && header !== null) {
      this.#toldConfiguration = true;
      messages.push({ ...message, payload: Buffer.concat([tags.configuration, header]), configuration: true });
    }
    // What lies wholly before the beginning of time is the encoder's own.
    if (pts + this.#kind.frameSamples <= 0) return messages;
    messages.push({ ...message, payload: Buffer.concat([tags.frame, packet.data]), configuration: false });
    return messages;
  }
}
