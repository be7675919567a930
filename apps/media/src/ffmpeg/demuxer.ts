import { setImmediate } from "node:timers/promises";
import {
  AV_CODEC_ID_AAC,
  AV_CODEC_ID_AV1,
  AV_CODEC_ID_H264,
  AV_CODEC_ID_HEVC,
  AV_CODEC_ID_MP3,
  AV_CODEC_ID_OPUS,
  AV_CODEC_ID_VP8,
  AV_CODEC_ID_VP9,
  AV_DISPOSITION_ATTACHED_PIC,
  AV_LOG_QUIET,
  AV_PIX_FMT_YUV420P,
  AV_PKT_DATA_DISPLAYMATRIX,
  AVDISCARD_ALL,
  AVERROR_EOF,
  AVERROR_EXIT,
  AVERROR_INVALIDDATA,
  AVMEDIA_TYPE_AUDIO,
  AVMEDIA_TYPE_VIDEO,
  AVSEEK_FLAG_BACKWARD,
} from "node-av/constants";
import type { AVCodecID } from "node-av/constants";
import { Dictionary, FormatContext, Log, Packet } from "node-av/lib";
import type { Stream } from "node-av/lib";
import type { SourceAudioFormat, SourceVideoFormat } from "../program/protocol.ts";
import type { SharedFrame } from "./shared-frame.ts";
import { DemuxError } from "./demux-error.ts";
import { SoundTrack } from "./sound-track.ts";
import type { Sound } from "./sound-track.ts";
import { PictureTrack } from "./picture-track.ts";
import { turningFilters } from "./turning.ts";

/** Times in ms from the beginning of what is read. */
export type Demuxed =
  /** A packet came, which is there until the next is asked for; `ms` is its decoding time. */
  | { readonly kind: "packet"; readonly video: boolean; readonly ms: number; readonly packet: Packet }
  /** The taker holds it. */
  | { readonly kind: "picture"; readonly picture: SharedFrame; readonly ms: number; readonly durationMs: number }
  | ({ readonly kind: "sound" } & Sound);

// FFmpeg prints URLs, and these hold passwords.
Log.setLevel(AV_LOG_QUIET);

/** Read without a turn of the event loop. */
const packetsATurn = 64;

/** How pictures are stored, beside their size and rate. */
export type PictureFacts = {
  /** Filters that turn it upright. */
  readonly turning: readonly string[];
  /** Width of a pixel by its height. */
  readonly pixelAspect: number;
  /** 8 bit 4:2:0, as everything plays it. */
  readonly isCommonFormat: boolean;
};

const videoCodecs = new Map<AVCodecID, SourceVideoFormat["codec"]>([
  [AV_CODEC_ID_H264, "h264"],
  [AV_CODEC_ID_HEVC, "hevc"],
  [AV_CODEC_ID_AV1, "av1"],
  [AV_CODEC_ID_VP8, "vp8"],
  [AV_CODEC_ID_VP9, "vp9"],
]);
const audioCodecs = new Map<AVCodecID, SourceAudioFormat["codec"]>([
  [AV_CODEC_ID_AAC, "aac"],
  [AV_CODEC_ID_MP3, "mp3"],
  [AV_CODEC_ID_OPUS, "opus"],
]);

/**
 * Opens something by FFmpeg, and reads its best picture and sound decoded. One
 * call at a time; each blocks a thread of the pool until `interrupt`.
 */
export class Demuxer {
  readonly #context = new FormatContext();
  #picture: PictureTrack | null = null;
  #sound: SoundTrack | null = null;
  #streams: { readonly picture: Stream | null; readonly sound: Stream | null } = { picture: null, sound: null };
  readonly #isAlone: boolean;
  #startMs = 0;
  #receivedBytes = 0;
  #isUntimed = false;
  #isInterrupted = false;

  /** `isAlone`: nothing else waits for this thread, and reading may block it for as long as a disk takes. */
  constructor({ isAlone = false } = {}) {
    this.#isAlone = isAlone;
    this.#context.allocContext();
  }

  /** `url` and `options` as FFmpeg has them; the URL may be secret. Throws DemuxError. */
  async open(url: string, options: Readonly<Record<string, string>>): Promise<void> {
    using dictionary = Dictionary.fromObject({ ...options });
    this.#check(await this.#context.openInput(url, null, dictionary));
    this.#check(await this.#context.findStreamInfo(null));
    const { streams, startTime } = this.#context;
    const best = (type: typeof AVMEDIA_TYPE_VIDEO | typeof AVMEDIA_TYPE_AUDIO): Stream | null =>
      streams[this.#context.findBestStream(type)] ?? null;
    this.#streams = { picture: best(AVMEDIA_TYPE_VIDEO), sound: best(AVMEDIA_TYPE_AUDIO) };
    const { picture, sound } = this.#streams;
    if (picture === null && sound === null) throw new DemuxError(AVERROR_INVALIDDATA);
    for (const stream of streams)
      if (stream.index !== picture?.index && stream.index !== sound?.index) stream.discard = AVDISCARD_ALL;
    // No value is the smallest number there is.
    this.#startMs = startTime > -(2n ** 62n) ? Number(startTime) / 1_000 : 0;
    if (picture !== null) this.#picture = await PictureTrack.open(picture, this.#startMs);
    if (sound !== null) this.#sound = await SoundTrack.open(sound, this.#startMs);
    if (this.#picture === null && this.#sound === null) throw new DemuxError(AVERROR_INVALIDDATA);
  }

  get receivedBytes(): number {
    return this.#receivedBytes;
  }

  /** What `read` reads, to be copied. */
  get streams(): { readonly picture: Stream | null; readonly sound: Stream | null } {
    return this.#streams;
  }

  /** Packets of the picture came without a time, which are decoded and not told of. */
  get isUntimed(): boolean {
    return this.#isUntimed;
  }

  /** Where its beginning is in its packets' clocks, ms. */
  get startMs(): number {
    return this.#startMs;
  }

  get video(): SourceVideoFormat | null {
    const { picture } = this.#streams;
    if (picture === null) return null;
    const { codecpar, avgFrameRate } = picture;
    const rate = avgFrameRate.den > 0 ? avgFrameRate.num / avgFrameRate.den : 0;
    return {
      codec: videoCodecs.get(codecpar.codecId) ?? "other",
      width: codecpar.width > 0 ? codecpar.width : null,
      height: codecpar.height > 0 ? codecpar.height : null,
      frameRate: rate > 0 && !this.isCover && !this.isImage ? Math.round(rate * 1_000) / 1_000 : null,
    };
  }

  get audio(): SourceAudioFormat | null {
    const { sound } = this.#streams;
    if (sound === null) return null;
    const { codecId, sampleRate, channels } = sound.codecpar;
    return {
      codec: audioCodecs.get(codecId) ?? "other",
      sampleRate: sampleRate > 0 ? sampleRate : null,
      channels: channels > 0 ? channels : null,
    };
  }

  /** Null where it has no picture. */
  get pictureFacts(): PictureFacts | null {
    const { picture } = this.#streams;
    if (picture === null) return null;
    const { codecpar } = picture;
    const { num, den } = picture.sampleAspectRatio;
    return {
      turning: turningFilters(codecpar.getCodedSideData(AV_PKT_DATA_DISPLAYMATRIX)),
      pixelAspect: num > 0 && den > 0 ? num / den : 1,
      isCommonFormat: codecpar.format === AV_PIX_FMT_YUV420P,
    };
  }

  /** As the container tells, or as FFmpeg guesses; null where neither does. ms. */
  get durationMs(): number | null {
    const { duration } = this.#context;
    return duration > 0n ? Number(duration) / 1_000 : null;
  }

  /** FFmpeg's names of the container, with commas. */
  get container(): string {
    return this.#context.iformat?.name ?? "";
  }

  /** Its only picture is the cover of what is heard. */
  get isCover(): boolean {
    return ((this.#streams.picture?.disposition ?? 0) & AV_DISPOSITION_ATTACHED_PIC) !== 0;
  }

  /** A file of one picture. */
  get isImage(): boolean {
    return /_pipe$|^image2/u.test(this.#context.iformat?.name ?? "");
  }

  /** Everything up to the end, what decoders hold back included. Throws DemuxError. */
  async *read(): AsyncGenerator<Demuxed> {
    using packet = new Packet();
    packet.alloc();
    for (let count = 1; ; count += 1) {
      const result = await this.#readPacket(packet, count);
      if (result === AVERROR_EOF && !this.#isInterrupted) break;
      this.#check(result);
      this.#receivedBytes += packet.size;
      yield* this.#decode(packet);
      packet.unref();
    }
    if (this.#picture !== null) yield* this.#picture.decode(null);
    if (this.#sound !== null) yield* this.#sound.decode(null);
  }

  /** Goes back to the beginning; false where that cannot be done. */
  async rewind(): Promise<boolean> {
    const start = BigInt(Math.round(this.#startMs * 1_000));
    if ((await this.#context.seekFrame(-1, start, AVSEEK_FLAG_BACKWARD)) < 0) return false;
    this.#picture?.restart();
    this.#sound?.restart();
    return true;
  }

  /** Ends what is being opened or read, with an error. */
  interrupt(): void {
    this.#isInterrupted = true;
    this.#context.interrupt();
  }

  /** Only when nothing is being opened or read. */
  async close(): Promise<void> {
    this.#picture?.free();
    this.#sound?.free();
    await this.#context.closeInput();
  }

  async #readPacket(packet: Packet, count: number): Promise<number> {
    if (!this.#isAlone) return this.#context.readFrame(packet);
    // What else has happened is heard of.
    if (count % packetsATurn === 0) await setImmediate();
    return this.#context.readFrameSync(packet);
  }

  async *#decode(packet: Packet): AsyncGenerator<Demuxed> {
    const { picture, sound } = this.#streams;
    const { streamIndex } = packet;
    const stream = streamIndex === picture?.index ? picture : streamIndex === sound?.index ? sound : null;
    if (stream === null) return;
    const time = packet.dts > -(2n ** 62n) ? packet.dts : packet.pts;
    const { num, den } = stream.timeBase;
    if (time > -(2n ** 62n))
      yield {
        kind: "packet",
        video: stream === picture,
        ms: (Number(time) * num * 1_000) / den - this.#startMs,
        packet,
      };
    else if (stream === picture) this.#isUntimed = true;
    if (stream === picture) {
      if (this.#picture !== null) yield* this.#picture.decode(packet);
    } else if (this.#sound !== null) yield* this.#sound.decode(packet);
  }

  #check(result: number): void {
    if (this.#isInterrupted) throw new DemuxError(AVERROR_EXIT);
    if (result < 0) throw new DemuxError(result);
  }
}
