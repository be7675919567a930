import { Dictionary, FFmpegError, FormatContext, Packet, Rational } from "node-av/lib";
import type { IOContext, Stream } from "node-av/lib";
import type { AVCodecID } from "node-av/constants";
import {
  AV_CODEC_ID_AAC,
  AV_CODEC_ID_H264,
  AV_CODEC_ID_HEVC,
  AV_CODEC_ID_MP3,
  AV_CODEC_ID_OPUS,
  AV_PKT_DATA_NEW_EXTRADATA,
  AV_PKT_FLAG_KEY,
  AVMEDIA_TYPE_AUDIO,
  AVMEDIA_TYPE_VIDEO,
} from "node-av/constants";
import { readAudioTag, readVideoTag } from "../rtmp/media-tag.ts";
import { readAudioFormat, readVideoFormat } from "../rtmp/formats.ts";
import type { MediaMessage } from "../rtmp/message.ts";

const codecIds: Readonly<Record<string, AVCodecID>> = {
  h264: AV_CODEC_ID_H264,
  hevc: AV_CODEC_ID_HEVC,
  aac: AV_CODEC_ID_AAC,
  mp3: AV_CODEC_ID_MP3,
  opus: AV_CODEC_ID_OPUS,
};

const milliseconds = { num: 1, den: 1_000 };

type Kind = "video" | "audio";

type Track = { readonly stream: Stream; readonly codec: string; configuration: Buffer | null; isStale: boolean };

/**
 * Writes RTMP's messages as MPEG-TS. FFmpeg's muxer turns AVCC into Annex B
 * and raw AAC into ADTS. One stream a kind, from what was seen before the first
 * frame; a configuration that changes goes along with the next frame, and a
 * codec that changes or joins begins a new program on the same connection.
 */
export class MpegTsMuxer {
  readonly #io: IOContext;
  #context: FormatContext | null = null;
  readonly #configurations: Record<Kind, MediaMessage | null> = { video: null, audio: null };
  readonly #tracks: Record<Kind, Track | null> = { video: null, audio: null };

  constructor(io: IOContext) {
    this.#io = io;
  }

  /** Writes one message; throws FFmpegError when the connection has failed. */
  async write(message: MediaMessage): Promise<void> {
    const { kind } = message;
    if (kind === "data") return;
    if (message.configuration) {
      this.#configure(kind, message);
      return;
    }
    this.#context ??= await this.#begin(message);
    const track = this.#tracks[kind];
    if (track !== null) await this.#writeFrame(this.#context, kind, track, message);
  }

  /** Frees FFmpeg's state; the connection stays its owner's to close. */
  free(): void {
    if (this.#context === null) return;
    this.#context.pb = null;
    this.#context.freeContext();
    this.#context = null;
    this.#tracks.video = null;
    this.#tracks.audio = null;
  }

  #configure(kind: Kind, message: MediaMessage): void {
    this.#configurations[kind] = message;
    if (this.#context === null) return;
    const { codec, body } = readTag(kind, message.payload);
    const track = this.#tracks[kind];
    if (track === null || track.codec !== codec) {
      this.free();
    } else if (track.configuration?.equals(body) !== true) {
      track.configuration = body;
      track.isStale = true;
    }
  }

  async #begin(first: MediaMessage): Promise<FormatContext> {
    const context = new FormatContext();
    FFmpegError.throwIfError(context.allocOutputContext2(null, "mpegts", null), "mpegts");
    context.pb = this.#io;
    for (const kind of ["video", "audio"] as const) {
      // MP3 has no configuration: its first frame has to do.
      const sample = this.#configurations[kind] ?? (first.kind === kind ? first : null);
      this.#tracks[kind] = sample === null ? null : newTrack(context, kind, sample);
    }
    const result = await context.writeHeader(Dictionary.fromObject({ flush_packets: 1 }));
    if (result < 0) {
      context.pb = null;
      context.freeContext();
      FFmpegError.throwIfError(result, "write the header");
    }
    return context;
  }

  async #writeFrame(context: FormatContext, kind: Kind, track: Track, message: MediaMessage): Promise<void> {
    const { body, compositionTime } = readTag(kind, message.payload);
    if (body.length === 0) return;
    using packet = new Packet();
    packet.alloc();
    packet.data = body;
    packet.streamIndex = track.stream.index;
    const dts = Math.round(message.timestamp);
    packet.dts = BigInt(dts);
    packet.pts = BigInt(dts + compositionTime);
    if (kind === "audio" || message.keyframe) packet.setFlags(AV_PKT_FLAG_KEY);
    packet.rescaleTs(milliseconds, track.stream.timeBase);
    if (track.isStale && track.configuration !== null) {
      packet.addSideData(AV_PKT_DATA_NEW_EXTRADATA, track.configuration);
      track.isStale = false;
    }
    FFmpegError.throwIfError(await context.writeFrame(packet), "write");
  }
}

function newTrack(context: FormatContext, kind: Kind, sample: MediaMessage): Track | null {
  const { codec, body } = readTag(kind, sample.payload);
  const codecId = codecIds[codec];
  if (codecId === undefined) return null;
  const stream = context.newStream(null);
  stream.timeBase = new Rational(1, 1_000);
  const parameters = stream.codecpar;
  parameters.codecId = codecId;
  if (kind === "video") {
    const format = readVideoFormat(sample);
    parameters.codecType = AVMEDIA_TYPE_VIDEO;
    parameters.width = format?.width ?? 0;
    parameters.height = format?.height ?? 0;
  } else {
    const format = readAudioFormat(sample);
    parameters.codecType = AVMEDIA_TYPE_AUDIO;
    parameters.sampleRate = format?.sampleRate ?? 48_000;
    parameters.channels = format?.channels ?? 2;
  }
  const configuration = sample.configuration ? body : null;
  if (configuration !== null) parameters.extradata = configuration;
  return { stream, codec, configuration, isStale: false };
}

function readTag(kind: Kind, payload: Buffer): { codec: string; body: Buffer; compositionTime: number } {
  const tag = kind === "video" ? readVideoTag(payload) : readAudioTag(payload);
  const first = payload[0] ?? 0;
  // Enhanced RTMP leaves the composition time out where it is zero (CodedFramesX).
  const isEnhanced = (first & 0x80) !== 0;
  const isTimed = kind === "video" && tag.bodyAt >= 5 && (!isEnhanced || (first & 0x0f) === 1);
  return {
    codec: tag.codec ?? "unknown",
    body: payload.subarray(tag.bodyAt),
    compositionTime: isTimed ? payload.readIntBE(tag.bodyAt - 3, 3) : 0,
  };
}
