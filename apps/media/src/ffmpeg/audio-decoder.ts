import {
  AV_CHANNEL_LAYOUT_STEREO,
  AV_CODEC_ID_AAC,
  AV_CODEC_ID_MP3,
  AV_CODEC_ID_OPUS,
  AV_LOG_QUIET,
  AV_PKT_FLAG_KEY,
} from "node-av/constants";
import type { AVCodecID } from "node-av/constants";
import { Codec, CodecContext, Frame, Log, Packet, Rational } from "node-av/lib";
import { readMp3Frame } from "../rtmp/audio-config.ts";
import { readAudioTag } from "../rtmp/media-tag.ts";
import type { MediaMessage } from "../rtmp/message.ts";

type AudioCodec = "aac" | "opus" | "mp3";

const codecIds: Readonly<Record<AudioCodec, AVCodecID>> = {
  aac: AV_CODEC_ID_AAC,
  opus: AV_CODEC_ID_OPUS,
  mp3: AV_CODEC_ID_MP3,
};

// FFmpeg prints to standard error otherwise, past our log.
Log.setLevel(AV_LOG_QUIET);

/**
 * Decodes the audio messages of one stream. A codec or a configuration that
 * changes opens a new decoder. What cannot be decoded is left out: a damaged
 * packet, a codec that it does not know, a configuration that makes no sense.
 * One call at a time.
 */
export class AudioDecoder {
  readonly #timeBase: Rational;
  #open: { readonly codec: AudioCodec; readonly sampleRate: number; readonly context: CodecContext } | null = null;
  #configuration: { readonly codec: AudioCodec; readonly body: Buffer } | null = null;

  /** `ticks`: of timestamps in a second. */
  constructor(ticks: number) {
    this.#timeBase = new Rational(1, ticks);
  }

  /**
   * What a message becomes, stamped `pts` (in ticks) and on: nothing for a
   * configuration. Each frame is valid until the next is asked for.
   */
  async *decode(message: MediaMessage, pts: number): AsyncGenerator<Frame> {
    const { codec, configuration, bodyAt } = readAudioTag(message.payload);
    const body = message.payload.subarray(bodyAt);
    if (!isAudioCodec(codec) || body.length === 0) return;
    if (configuration) {
      this.#configure(codec, body);
      return;
    }
    const context = await this.#contextFor(codec, codec === "mp3" ? mp3Rate(body) : 48_000);
    if (context === null) return;
    using packet = new Packet();
    packet.alloc();
    packet.data = body;
    packet.pts = BigInt(Math.round(pts));
    packet.setFlags(AV_PKT_FLAG_KEY);
    // A tenth of a millisecond: to ask another thread for it costs as much again.
    if (context.sendPacketSync(packet) < 0) return;
    using frame = new Frame();
    frame.alloc();
    // Decoding was done with the packet: this hands over what came of it.
    while (context.receiveFrameSync(frame) >= 0) {
      yield frame;
      frame.unref();
    }
  }

  free(): void {
    this.#open?.context.freeContext();
    this.#open = null;
  }

  #configure(codec: AudioCodec, body: Buffer): void {
    const last = this.#configuration;
    if (last?.codec === codec && last.body.equals(body)) return;
    this.#configuration = { codec, body: Buffer.from(body) };
    this.free();
  }

  /** `sampleRate`: what the decoder stamps its first frame with, which MP3's gets wrong by itself. */
  async #contextFor(codec: AudioCodec, sampleRate: number): Promise<CodecContext | null> {
    if (this.#open?.codec === codec && this.#open.sampleRate === sampleRate) return this.#open.context;
    this.free();
    const configuration = this.#configuration?.codec === codec ? this.#configuration.body : null;
    // Raw AAC means nothing without.
    if (codec === "aac" && configuration === null) return null;
    const decoder = Codec.findDecoder(codecIds[codec]);
    if (decoder === null) return null;
    const context = new CodecContext();
    context.allocContext3(decoder);
    context.pktTimebase = this.#timeBase;
    context.sampleRate = sampleRate;
    context.channelLayout = AV_CHANNEL_LAYOUT_STEREO;
    context.threadCount = 1;
    if (configuration !== null) context.extraData = configuration;
    if ((await context.open2(decoder, null)) < 0) {
      context.freeContext();
      return null;
    }
    this.#open = { codec, sampleRate, context };
    return context;
  }
}

function isAudioCodec(codec: string | null): codec is AudioCodec {
  return codec !== null && Object.hasOwn(codecIds, codec);
}

function mp3Rate(frame: Buffer): number {
  try {
    return readMp3Frame(frame)?.sampleRate ?? 0;
  } catch (error) {
    // Cut off: the decoder refuses it.
    if (error instanceof RangeError) return 0;
    throw error;
  }
}
