import { readAacConfig, readMp3Frame, readOpusHead, type AudioConfig } from "./audio-config.ts";
import { readAudioTag, readVideoTag } from "./media-tag.ts";
import type { AudioFormat, MediaMessage, VideoFormat } from "./message.ts";
import { readAv1Units } from "./picture-av1.ts";
import { readAvcRecord, readH264Keyframe } from "./picture-h264.ts";
import { readHevcRecord } from "./picture-hevc.ts";
import { readVp8Keyframe, readVp9Keyframe } from "./picture-vp.ts";
import type { Picture } from "./picture.ts";

/**
 * The video format that a message tells: for H.264 and HEVC a configuration
 * message (H.264 also a keyframe with parameters of its own, which count where
 * they differ), for AV1, VP8 and VP9 a keyframe, since what MediaMTX sends as
 * their configuration is a placeholder. Null for any other message and any
 * other codec; sizes are null where they cannot be read.
 */
export function readVideoFormat(message: MediaMessage): VideoFormat | null {
  if (message.kind !== "video") return null;
  const { codec, configuration, keyframe, bodyAt } = readVideoTag(message.payload);
  const body = message.payload.subarray(bodyAt);
  let read: () => Picture | null;
  switch (codec) {
    case "h264":
      if (!configuration) return keyframe ? inBand(body) : null;
      read = () => readAvcRecord(body);
      break;
    case "hevc":
      if (!configuration) return null;
      read = () => readHevcRecord(body);
      break;
    case "av1":
      if (!keyframe) return null;
      read = () => readAv1Units(body);
      break;
    case "vp8":
    case "vp9":
      if (!keyframe) return null;
      read = () => (codec === "vp8" ? readVp8Keyframe(body) : readVp9Keyframe(body));
      break;
    default:
      return null;
  }
  return videoFormat(codec, unlessCutOff(read));
}

function inBand(frame: Buffer): VideoFormat | null {
  const picture = unlessCutOff(() => readH264Keyframe(frame));
  return picture === null ? null : videoFormat("h264", picture);
}

function videoFormat(codec: VideoFormat["codec"], picture: Picture | null): VideoFormat {
  return {
    codec,
    width: picture?.width ?? null,
    height: picture?.height ?? null,
    frameRate: picture?.frameRate ?? null,
  };
}

/** The audio format in a configuration message, or for MP3, which has none, in any frame. Null for any other message and codec. */
export function readAudioFormat(message: MediaMessage): AudioFormat | null {
  if (message.kind !== "audio") return null;
  const { codec, configuration, bodyAt } = readAudioTag(message.payload);
  const body = message.payload.subarray(bodyAt);
  let read: () => AudioConfig | null;
  if (codec === "aac" && configuration) read = () => readAacConfig(body);
  else if (codec === "opus" && configuration) read = () => readOpusHead(body);
  else if (codec === "mp3" && !configuration) read = () => readMp3Frame(body);
  else return null;
  const config = unlessCutOff(read);
  return { codec, sampleRate: config?.sampleRate ?? null, channels: config?.channels ?? null };
}

/** A record that ends too early says nothing, and does no harm. */
function unlessCutOff<T>(read: () => T | null): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof RangeError) return null;
    throw error;
  }
}
