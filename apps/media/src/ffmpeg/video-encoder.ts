import { availableParallelism } from "node:os";
import {
  AV_CODEC_FLAG_GLOBAL_HEADER,
  AV_LOG_QUIET,
  AV_PICTURE_TYPE_I,
  AV_PICTURE_TYPE_NONE,
  AV_PIX_FMT_YUV420P,
  AVCOL_PRI_BT709,
  AVCOL_RANGE_MPEG,
  AVCOL_SPC_BT709,
  AVCOL_TRC_BT709,
  FF_ENCODER_LIBX264,
} from "node-av/constants";
import { Codec, CodecContext, Dictionary, FFmpegError, Log, Packet, Rational } from "node-av/lib";
import type { MediaMessage } from "../rtmp/message.ts";
import type { SharedFrame } from "./shared-frame.ts";

export type X264Preset = "veryfast" | "superfast" | "ultrafast";

export type VideoEncoderOptions = {
  /** Pixels, even. */
  readonly width: number;
  readonly height: number;
  /** Of the program, frames a second. */
  readonly frameRate: number;
  /** It will be given every second frame only. */
  readonly halfRate: boolean;
  /** bit/s at the most, over about a second. */
  readonly bitrate: number;
  readonly preset: X264Preset;
};

/** FLV 10.1, E.4.3.1: frame type and AVC, then the packet type and a composition time of zero. */
const tag = { configuration: [0x17, 0], keyframe: [0x17, 1], frame: [0x27, 1] } as const;
const noCompositionTime = [0, 0, 0] as const;
/** What one thread of veryfast can do without thinking about it: 720p at 30. */
const pixelsAThread = 1280 * 720 * 30;

Log.setLevel(AV_LOG_QUIET);

/**
 * H.264 (x264) as the platforms want it: High profile, 4:2:0, closed groups of
 * pictures that begin where the caller says and nowhere else, no B-frames and
 * no look-ahead (each frame comes out at once), quality-bound and capped.
 * Every preset gives the same parameter sets, so that decoders never notice
 * when one encoder takes over from another.
 */
export class VideoEncoder {
  readonly #context: CodecContext;
  /** AVCDecoderConfigurationRecord as an FLV tag, at time 0. */
  readonly configuration: MediaMessage;

  private constructor(context: CodecContext, record: Buffer) {
    this.#context = context;
    const payload = Buffer.concat([Buffer.of(...tag.configuration, ...noCompositionTime), record]);
    this.configuration = { kind: "video", timestamp: 0, payload, keyframe: false, configuration: true };
  }

  static async open(options: VideoEncoderOptions): Promise<VideoEncoder> {
    const codec = Codec.findEncoderByName(FF_ENCODER_LIBX264);
    const context = new CodecContext();
    try {
      context.allocContext3(codec);
      configure(context, options);
      using dictionary = Dictionary.fromObject({
        preset: options.preset,
        tune: "zerolatency",
        profile: "high",
        crf: 23,
        "forced-idr": 1,
        a53cc: 0,
        "x264-params": x264Parameters(options),
      });
      FFmpegError.throwIfError(await context.open2(codec, dictionary), "open the encoder");
      const record = context.extraData;
      if (record === null || record[0] !== 1) throw new Error("the encoder gave no configuration record");
      return new VideoEncoder(context, Buffer.from(record));
    } catch (error) {
      context.freeContext();
      throw error;
    }
  }

  /** Encodes the program's frame of that time (ms). One at a time. Throws FFmpegError. */
  async encode(picture: SharedFrame, timestamp: number, keyframe: boolean): Promise<MediaMessage[]> {
    const { frame } = picture;
    frame.pts = BigInt(timestamp);
    frame.pictType = keyframe ? AV_PICTURE_TYPE_I : AV_PICTURE_TYPE_NONE;
    FFmpegError.throwIfError(await this.#context.sendFrame(frame), "encode");
    const messages: MediaMessage[] = [];
    using packet = new Packet();
    packet.alloc();
    // The work is done by now: this only fetches.
    while (this.#context.receivePacketSync(packet) >= 0) {
      const { data, isKeyframe } = packet;
      if (data !== null) {
        const head = Buffer.of(...(isKeyframe ? tag.keyframe : tag.frame), ...noCompositionTime);
        const payload = Buffer.concat([head, data]);
        const at = Number(packet.pts);
        messages.push({ kind: "video", timestamp: at, payload, keyframe: isKeyframe, configuration: false });
      }
      packet.unref();
    }
    return messages;
  }

  close(): void {
    this.#context.freeContext();
  }
}

function configure(context: CodecContext, options: VideoEncoderOptions): void {
  const { width, height, frameRate } = options;
  // The rate is part of what parameter sets tell, and stays; budgets are per frame.
  const bitrate = options.bitrate * (options.halfRate ? 2 : 1);
  context.width = width;
  context.height = height;
  context.pixelFormat = AV_PIX_FMT_YUV420P;
  context.sampleAspectRatio = new Rational(1, 1);
  context.timeBase = new Rational(1, 1_000);
  context.framerate = new Rational(Math.round(frameRate * 1_000), 1_000);
  context.maxBFrames = 0;
  context.rcMaxRate = BigInt(bitrate);
  context.rcBufferSize = bitrate;
  // Keyframes come when they are asked for.
  context.gopSize = Math.ceil(frameRate * 60);
  context.colorRange = AVCOL_RANGE_MPEG;
  context.colorPrimaries = AVCOL_PRI_BT709;
  context.colorTrc = AVCOL_TRC_BT709;
  context.colorSpace = AVCOL_SPC_BT709;
  context.threadCount = Math.min(availableParallelism(), 4, Math.ceil((width * height * frameRate) / pixelsAThread));
  context.setFlags(AV_CODEC_FLAG_GLOBAL_HEADER);
}

/** What presets differ in and parameter sets tell is the same for all; AVCC instead of Annex B. */
function x264Parameters(options: VideoEncoderOptions): string {
  const parameters = {
    annexb: 0,
    scenecut: 0,
    "open-gop": 0,
    cabac: 1,
    "8x8dct": 1,
    ref: 1,
    weightp: 1,
    level: levelOf(options),
  };
  return Object.entries(parameters)
    .map(([name, value]) => `${name}=${value}`)
    .join(":");
}

/** The least level (H.264, table A-1) for that size, rate and bitrate in High profile. */
function levelOf({ width, height, frameRate, bitrate }: VideoEncoderOptions): string {
  const blocks = Math.ceil(width / 16) * Math.ceil(height / 16);
  const level = levels.find(
    ([, maxBlocks, maxBlocksASecond, maxKilobits]) =>
      blocks <= maxBlocks && blocks * frameRate <= maxBlocksASecond && bitrate <= maxKilobits * 1_250,
  );
  return level?.[0] ?? "5.2";
}

const levels = [
  ["3.0", 1_620, 40_500, 10_000],
  ["3.1", 3_600, 108_000, 14_000],
  ["3.2", 5_120, 216_000, 20_000],
  ["4.0", 8_192, 245_760, 20_000],
  ["4.1", 8_192, 245_760, 50_000],
  ["4.2", 8_704, 522_240, 50_000],
  ["5.0", 22_080, 589_824, 135_000],
  ["5.1", 36_864, 983_040, 240_000],
] as const;
