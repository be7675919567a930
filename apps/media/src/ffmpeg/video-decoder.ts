import type { AVCodecID } from "node-av/constants";
import {
  AV_CODEC_ID_AV1,
  AV_CODEC_ID_H264,
  AV_CODEC_ID_HEVC,
  AV_CODEC_ID_VP8,
  AV_CODEC_ID_VP9,
  AV_FRAME_FLAG_CORRUPT,
  AV_LOG_QUIET,
  AV_PKT_FLAG_KEY,
} from "node-av/constants";
import { Codec, CodecContext, Dictionary, FFmpegError, Frame, Log, Packet, Rational } from "node-av/lib";
import { readVideoTag } from "../rtmp/media-tag.ts";
import type { MediaMessage } from "../rtmp/message.ts";
import { settleColors } from "./picture-colors.ts";
import { SharedFrame } from "./shared-frame.ts";
import { Upright } from "./upright.ts";

export type VideoDecoderListener = {
  /** A picture and when it is due, in the clock that `push` was told. The listener holds it. */
  readonly onPicture: (picture: SharedFrame, dueMs: number) => void;
  /** It cannot be shown, in words for a streamer; null: it can, after all. */
  readonly onRefused: (reason: string | null) => void;
};

const codecIds: Readonly<Record<string, AVCodecID>> = {
  h264: AV_CODEC_ID_H264,
  hevc: AV_CODEC_ID_HEVC,
  av1: AV_CODEC_ID_AV1,
  vp8: AV_CODEC_ID_VP8,
  vp9: AV_CODEC_ID_VP9,
};
/** MediaMTX's configurations of the others are placeholders. */
const configuredCodecs = new Set(["h264", "hevc"]);
const maxWidth = 4096;
const maxHeight = 2304;
/** What is decoded to be refused in words: 8K. A larger one, which a few bytes can ask for, is not given memory. */
const maxPixels = 8_192 * 4_352;
/** Messages that wait to be decoded; over it, it goes on at a keyframe. */
const maxQueue = 90;

Log.setLevel(AV_LOG_QUIET);

/**
 * Decodes a source's video messages (FLV and Enhanced RTMP tags) off this
 * thread, in order. What cannot be decoded is counted, and left out up to the
 * next keyframe; nothing is thrown.
 */
export class VideoDecoder {
  readonly #listener: VideoDecoderListener;
  #queue: { readonly message: MediaMessage; readonly dueMs: number }[] = [];
  #isRunning = false;
  #isClosed = false;
  #needsKeyframe = true;
  #isRefused = false;
  #codec: string | null = null;
  #configuration: Buffer | null = null;
  #context: CodecContext | null = null;
  readonly #upright = new Upright();
  #errors = 0;
  /** Of the connection: pictures of an earlier one are nobody's. */
  #generation = 0;

  constructor(listener: VideoDecoderListener) {
    this.#listener = listener;
  }

  /** Frames that could not be decoded. */
  get errors(): number {
    return this.#errors;
  }

  /** Takes the next message; `dueMs`: when its picture is to be shown. */
  push(message: MediaMessage, dueMs: number): void {
    if (this.#isClosed) return;
    this.#queue.push({ message, dueMs });
    if (this.#queue.length > maxQueue) {
      this.#queue = this.#queue.filter((waiting) => waiting.message.configuration);
      this.#needsKeyframe = true;
    }
    if (!this.#isRunning) void this.#run();
  }

  /** The next message is the first of a new connection. */
  restart(): void {
    this.#generation += 1;
    this.#queue = [];
    this.#needsKeyframe = true;
    this.#configuration = null;
    this.#codec = null;
    this.#isRefused = false;
  }

  close(): void {
    this.#isClosed = true;
    this.#generation += 1;
    this.#queue = [];
    if (!this.#isRunning) this.#free();
  }

  async #run(): Promise<void> {
    this.#isRunning = true;
    for (let next = this.#queue.shift(); next !== undefined; next = this.#queue.shift()) {
      try {
        await this.#take(next.message, next.dueMs);
      } catch {
        this.#failed();
      }
    }
    this.#isRunning = false;
    if (this.#isClosed) this.#free();
  }

  #free(): void {
    this.#drop();
    this.#upright.free();
  }

  async #take(message: MediaMessage, dueMs: number): Promise<void> {
    const { codec, bodyAt } = readVideoTag(message.payload);
    const body = message.payload.subarray(bodyAt);
    if (codec === null) {
      this.#refuse("Its video is in a format that cannot be shown.");
      return;
    }
    if (codec !== this.#codec) {
      this.#drop();
      this.#codec = codec;
      this.#configuration = null;
    }
    if (message.configuration) {
      if (!configuredCodecs.has(codec) || this.#configuration?.equals(body) === true) return;
      this.#drop();
      this.#configuration = Buffer.from(body);
      return;
    }
    if (body.length === 0 || (this.#needsKeyframe && !message.keyframe)) return;
    this.#needsKeyframe = false;
    this.#context ??= await this.#open(codec);
    await this.#decode(this.#context, body, message.keyframe, dueMs);
  }

  async #open(codec: string): Promise<CodecContext> {
    const codecId = codecIds[codec];
    const decoder = codecId === undefined ? null : Codec.findDecoder(codecId);
    const context = new CodecContext();
    try {
      context.allocContext3(decoder);
      context.pktTimebase = new Rational(1, 1_000_000);
      context.threadCount = 1;
      if (this.#configuration !== null) context.extraData = this.#configuration;
      using options = Dictionary.fromObject({ max_pixels: maxPixels });
      FFmpegError.throwIfError(await context.open2(decoder, options), "open the decoder");
      return context;
    } catch (error) {
      context.freeContext();
      throw error;
    }
  }

  async #decode(context: CodecContext, body: Buffer, keyframe: boolean, dueMs: number): Promise<void> {
    using packet = new Packet();
    packet.alloc();
    packet.data = body;
    packet.pts = BigInt(Math.round(dueMs * 1_000));
    if (keyframe) packet.setFlags(AV_PKT_FLAG_KEY);
    const generation = this.#generation;
    FFmpegError.throwIfError(await context.sendPacket(packet), "decode");
    for (;;) {
      const frame = new Frame();
      frame.alloc();
      // The work is done by now: this only fetches.
      if (context.receiveFrameSync(frame) < 0 || this.#generation !== generation) {
        frame.free();
        return;
      }
      await this.#give(frame, generation);
    }
  }

  async #give(frame: Frame, generation: number): Promise<void> {
    if (frame.hasFlags(AV_FRAME_FLAG_CORRUPT)) {
      frame.free();
      this.#errors += 1;
      return;
    }
    if (frame.width > maxWidth || frame.height > maxHeight) {
      this.#refuse(`Its picture is ${frame.width}x${frame.height}: at most ${maxWidth}x${maxHeight} can be shown.`);
      frame.free();
      return;
    }
    if (this.#isRefused) {
      this.#isRefused = false;
      this.#listener.onRefused(null);
    }
    settleColors(frame, this.#isRgb());
    const dueMs = Number(frame.pts) / 1_000;
    const picture = await this.#upright.turn(new SharedFrame(frame));
    if (this.#generation === generation) this.#listener.onPicture(picture, dueMs);
    else picture.release();
  }

  /** Only these codecs carry RGB here. */
  #isRgb(): boolean {
    return this.#codec === "av1" || this.#codec === "vp9" || this.#codec === "hevc";
  }

  #refuse(reason: string): void {
    this.#needsKeyframe = true;
    if (this.#isRefused) return;
    this.#isRefused = true;
    this.#listener.onRefused(reason);
  }

  #failed(): void {
    this.#errors += 1;
    this.#needsKeyframe = true;
    this.#drop();
  }

  #drop(): void {
    this.#context?.freeContext();
    this.#context = null;
    this.#needsKeyframe = true;
  }
}
