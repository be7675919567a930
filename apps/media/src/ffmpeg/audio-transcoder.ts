import {
  AV_CODEC_FLAG_GLOBAL_HEADER,
  AV_CODEC_ID_AAC,
  AV_CODEC_ID_MP3,
  AV_CODEC_ID_OPUS,
  AV_CHANNEL_LAYOUT_STEREO,
  AV_LOG_QUIET,
  AV_PKT_FLAG_KEY,
  AV_SAMPLE_FMT_FLTP,
} from "node-av/constants";
import type { AVCodecID } from "node-av/constants";
import { Codec, CodecContext, FFmpegError, Frame, Log, Packet, Rational } from "node-av/lib";
import { readAudioTag } from "../rtmp/media-tag.ts";
import type { MediaMessage } from "../rtmp/message.ts";
import { AudioResampler } from "./audio-resampler.ts";

export type AudioTranscoderListener = {
  readonly onMessage: (message: MediaMessage) => void;
  /** It is of no use any more. */
  readonly onError: (error: unknown) => void;
};

const outputRate = 48_000;
const outputBitrate = 160_000n;
/** About four seconds of audio: who falls so far behind does not catch up. */
const maxQueue = 200;
/** SoundFormat 10, and the rate, size and type bits that AAC always has (FLV 10.1, E.4.2.1). */
const aacTag = 0xaf;

const codecIds: Readonly<Record<string, AVCodecID>> = { opus: AV_CODEC_ID_OPUS, mp3: AV_CODEC_ID_MP3 };

// FFmpeg prints to standard error otherwise, past our log.
Log.setLevel(AV_LOG_QUIET);

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

  #decoder: { readonly codec: string; readonly context: CodecContext } | null = null;
  #opusHead: Buffer | null = null;
  #resampler: AudioResampler | null = null;
  #encoder: CodecContext | null = null;

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
        await this.#take(next);
      }
    } catch (error) {
      this.#isClosed = true;
      this.#listener.onError(error);
    }
    this.#isRunning = false;
    if (this.#isClosed) this.#free();
  }

  async #take(message: MediaMessage): Promise<void> {
    const { codec, configuration, bodyAt } = readAudioTag(message.payload);
    const body = message.payload.subarray(bodyAt);
    if (codec === null || body.length === 0) return;
    if (configuration) {
      this.#opusHead = codec === "opus" ? body : null;
      return;
    }
    const decoder = await this.#decoderFor(codec);
    if (decoder === null) return;
    using packet = new Packet();
    packet.alloc();
    packet.data = body;
    packet.pts = BigInt(Math.round(message.timestamp));
    packet.setFlags(AV_PKT_FLAG_KEY);
    // A damaged packet is a moment of silence, and no reason to end.
    if ((await decoder.sendPacket(packet)) < 0) return;
    using frame = new Frame();
    frame.alloc();
    while ((await decoder.receiveFrame(frame)) >= 0) await this.#resample(frame);
  }

  async #decoderFor(codec: string): Promise<CodecContext | null> {
    if (this.#decoder?.codec === codec) return this.#decoder.context;
    const codecId = codecIds[codec];
    const decoder = codecId === undefined ? null : Codec.findDecoder(codecId);
    if (decoder === null) return null;
    this.#decoder?.context.freeContext();
    const context = new CodecContext();
    context.allocContext3(decoder);
    context.pktTimebase = new Rational(1, 1_000);
    context.sampleRate = outputRate;
    context.channelLayout = AV_CHANNEL_LAYOUT_STEREO;
    context.threadCount = 1;
    if (codec === "opus" && this.#opusHead !== null) context.extraData = this.#opusHead;
    FFmpegError.throwIfError(await context.open2(decoder, null), "open the decoder");
    this.#decoder = { codec, context };
    return context;
  }

  async #resample(frame: Frame): Promise<void> {
    if (this.#resampler?.takes(frame) !== true) {
      this.#resampler?.free();
      this.#resampler = await AudioResampler.open(frame, outputRate);
    }
    for await (const resampled of this.#resampler.resample(frame)) await this.#encode(resampled);
  }

  async #encode(frame: Frame): Promise<void> {
    const encoder = (this.#encoder ??= await openEncoder());
    FFmpegError.throwIfError(await encoder.sendFrame(frame), "encode");
    using packet = new Packet();
    packet.alloc();
    while ((await encoder.receivePacket(packet)) >= 0) {
      this.#emit(packet, encoder);
      packet.unref();
    }
  }

  #emit(packet: Packet, encoder: CodecContext): void {
    if (this.#isClosed || packet.data === null) return;
    const timestamp = Math.max(0, Math.round(Number(packet.pts) / (outputRate / 1_000)));
    const header = encoder.extraData;
    const message = { kind: "audio", timestamp, keyframe: false } as const;
    if (!this.#toldConfiguration && header !== null) {
      this.#toldConfiguration = true;
      const payload = Buffer.concat([Buffer.of(aacTag, 0), header]);
      this.#listener.onMessage({ ...message, payload, configuration: true });
    }
    const payload = Buffer.concat([Buffer.of(aacTag, 1), packet.data]);
    this.#listener.onMessage({ ...message, payload, configuration: false });
  }

  #toldConfiguration = false;

  #free(): void {
    this.#decoder?.context.freeContext();
    this.#resampler?.free();
    this.#encoder?.freeContext();
    this.#decoder = null;
    this.#resampler = null;
    this.#encoder = null;
  }
}

async function openEncoder(): Promise<CodecContext> {
  const codec = Codec.findEncoder(AV_CODEC_ID_AAC);
  const context = new CodecContext();
  context.allocContext3(codec);
  context.sampleRate = outputRate;
  context.sampleFormat = AV_SAMPLE_FMT_FLTP;
  context.channelLayout = AV_CHANNEL_LAYOUT_STEREO;
  context.bitRate = outputBitrate;
  context.timeBase = new Rational(1, outputRate);
  context.setFlags(AV_CODEC_FLAG_GLOBAL_HEADER);
  FFmpegError.throwIfError(await context.open2(codec, null), "open the encoder");
  return context;
}
