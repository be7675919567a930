import type { AudioFormat, VideoFormat } from "./message.ts";

/** What the first bytes of an audio or video message say. */
export type MediaTag = {
  /** Null for a codec that this product does not know. */
  readonly codec: VideoFormat["codec"] | AudioFormat["codec"] | null;
  readonly keyframe: boolean;
  readonly configuration: boolean;
  /** Where the codec's own bytes start: a configuration record, or a frame. */
  readonly bodyAt: number;
};

const unknown: MediaTag = { codec: null, keyframe: false, configuration: false, bodyAt: 0 };

const videoFourCcs: Readonly<Record<string, VideoFormat["codec"]>> = {
  avc1: "h264",
  hvc1: "hevc",
  av01: "av1",
  vp08: "vp8",
  vp09: "vp9",
};

const audioFourCcs: Readonly<Record<string, AudioFormat["codec"]>> = { mp4a: "aac", Opus: "opus", ".mp3": "mp3" };

const keyframeType = 1;

/** Packet types of Enhanced RTMP v2, "ExVideoTagHeader" and "ExAudioTagHeader". */
const packet = { sequenceStart: 0, codedFrames: 1, multitrack: { video: 6, audio: 5 }, modifier: 7 } as const;

/** FLV 10.1, Annex E.4.3.1, and Enhanced RTMP v2; a cut-off message is read as an unknown codec. */
export function readVideoTag(payload: Buffer): MediaTag {
  const first = payload[0];
  if (first === undefined) return unknown;
  if ((first & 0x80) !== 0) return readEnhanced(payload, "video");
  const keyframe = first >> 4 === keyframeType;
  const codecId = first & 0x0f;
  // 12 is HEVC where it was spoken before Enhanced RTMP.
  const codec = codecId === 7 ? "h264" : codecId === 12 ? "hevc" : null;
  if (codec === null || payload.length < 5) return unknown;
  const configuration = payload[1] === 0;
  return { codec, keyframe: keyframe && payload[1] === 1, configuration, bodyAt: 5 };
}

/** FLV 10.1, Annex E.4.2.1, and Enhanced RTMP v2. */
export function readAudioTag(payload: Buffer): MediaTag {
  const first = payload[0];
  if (first === undefined) return unknown;
  switch (first >> 4) {
    case 9:
      return readEnhanced(payload, "audio");
    case 10:
      return { codec: "aac", keyframe: false, configuration: payload[1] === 0, bodyAt: 2 };
    case 2:
    case 14:
      return { codec: "mp3", keyframe: false, configuration: false, bodyAt: 1 };
    default:
      return unknown;
  }
}

function readEnhanced(payload: Buffer, kind: "video" | "audio"): MediaTag {
  const first = payload[0] ?? 0;
  const frameType = (first >> 4) & 0x07;
  let packetType = first & 0x0f;
  let at = 1;
  while (packetType === packet.modifier) {
    let size = (payload[at] ?? 0) + 1;
    at += 1;
    if (size === 256) {
      if (payload.length < at + 2) return unknown;
      size = payload.readUInt16BE(at) + 1;
      at += 2;
    }
    at += size;
    packetType = (payload[at] ?? packet.sequenceStart) & 0x0f;
    at += 1;
  }
  const tracked = packetType === packet.multitrack[kind];
  if (tracked) {
    packetType = (payload[at] ?? 0) & 0x0f;
    at += 1;
  }
  if (payload.length < at + 4) return unknown;
  const fourCc = payload.toString("latin1", at, at + 4);
  at += tracked ? 5 : 4;
  const codec = (kind === "video" ? videoFourCcs : audioFourCcs)[fourCc] ?? null;
  const timed = kind === "video" && packetType === packet.codedFrames && (codec === "h264" || codec === "hevc");
  return {
    codec,
    keyframe: kind === "video" && frameType === keyframeType && (packetType === packet.codedFrames || packetType === 3),
    configuration: packetType === packet.sequenceStart,
    bodyAt: at + (timed ? 3 : 0),
  };
}
