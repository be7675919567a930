import type { AVCodecID } from "node-av/constants";
import {
  AV_CODEC_ID_AAC,
  AV_CODEC_ID_AV1,
  AV_CODEC_ID_H264,
  AV_CODEC_ID_HEVC,
  AV_CODEC_ID_MP3,
  AV_CODEC_ID_OPUS,
  AVMEDIA_TYPE_AUDIO,
  AVMEDIA_TYPE_VIDEO,
} from "node-av/constants";
import { Rational } from "node-av/lib";
import type { FormatContext, Stream } from "node-av/lib";
import { readAudioFormat, readVideoFormat } from "../rtmp/formats.ts";
import { readAudioTag, readVideoTag } from "../rtmp/media-tag.ts";
import type { MediaMessage } from "../rtmp/message.ts";

export type TrackKind = "video" | "audio";

export type MuxerTrack = {
  readonly stream: Stream;
  readonly codec: string;
  /** AVCDecoderConfigurationRecord, AudioSpecificConfig and the like; null for codecs without one. */
  readonly configuration: Buffer | null;
  /** Of audio, Hz. */
  readonly sampleRate: number;
};

const codecIds: Readonly<Record<string, AVCodecID>> = {
  h264: AV_CODEC_ID_H264,
  hevc: AV_CODEC_ID_HEVC,
  av1: AV_CODEC_ID_AV1,
  aac: AV_CODEC_ID_AAC,
  mp3: AV_CODEC_ID_MP3,
  opus: AV_CODEC_ID_OPUS,
};

/** Adds a stream for what `sample` (a configuration, or for MP3 a frame) belongs to; null for a codec not in `codecs`. */
export function addTrack(
  context: FormatContext,
  kind: TrackKind,
  sample: MediaMessage,
  codecs: ReadonlySet<string>,
): MuxerTrack | null {
  const { codec, body } = readTag(kind, sample.payload);
  const codecId = codecs.has(codec) ? codecIds[codec] : undefined;
  if (codecId === undefined) return null;
  const stream = context.newStream(null);
  stream.timeBase = new Rational(1, 1_000);
  const parameters = stream.codecpar;
  parameters.codecId = codecId;
  let sampleRate = 48_000;
  if (kind === "video") {
    const format = readVideoFormat(sample);
    parameters.codecType = AVMEDIA_TYPE_VIDEO;
    parameters.width = format?.width ?? 0;
    parameters.height = format?.height ?? 0;
  } else {
    const format = readAudioFormat(sample);
    sampleRate = format?.sampleRate ?? sampleRate;
    parameters.codecType = AVMEDIA_TYPE_AUDIO;
    parameters.sampleRate = sampleRate;
    parameters.channels = format?.channels ?? 2;
  }
  const configuration = sample.configuration ? body : null;
  if (configuration !== null) parameters.extradata = configuration;
  return { stream, codec, configuration, sampleRate };
}

/** What an RTMP tag holds: its codec, its body, and how long after decoding its frame is shown, ms. */
export function readTag(
  kind: TrackKind,
  payload: Buffer,
): { readonly codec: string; readonly body: Buffer; readonly compositionTime: number } {
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
