import type { AVCodecID } from "node-av/constants";
import {
  AV_CODEC_ID_AAC,
  AV_CODEC_ID_H264,
  AV_CODEC_ID_HEVC,
  AV_CODEC_ID_MP3,
  AV_CODEC_ID_OPUS,
  AVMEDIA_TYPE_AUDIO,
  AVMEDIA_TYPE_VIDEO,
} from "node-av/constants";
import type { FormatContext, Stream } from "node-av/lib";
import { Rational } from "node-av/lib";
import { readAudioFormat, readVideoFormat } from "../rtmp/formats.ts";
import { readMessage } from "../rtmp/message-body.ts";
import type { MessageKind } from "../rtmp/message-body.ts";
import type { MediaMessage } from "../rtmp/message.ts";

/** RTMP's messages as FFmpeg's muxers take them. */
const codecIds: Readonly<Record<string, AVCodecID>> = {
  h264: AV_CODEC_ID_H264,
  hevc: AV_CODEC_ID_HEVC,
  aac: AV_CODEC_ID_AAC,
  mp3: AV_CODEC_ID_MP3,
  opus: AV_CODEC_ID_OPUS,
};

/** What RTMP counts time in. */
export const milliseconds = { num: 1, den: 1_000 };

export type MessageStream = { readonly stream: Stream; readonly codec: string; readonly configuration: Buffer | null };

/**
 * A stream for messages like this one: its configuration message, or any frame
 * where a codec has none. Null for a codec that is not muxed.
 */
export function addMessageStream(
  context: FormatContext,
  kind: MessageKind,
  sample: MediaMessage,
): MessageStream | null {
  const { codec, body } = readMessage(kind, sample.payload);
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
  return { stream, codec, configuration };
}
