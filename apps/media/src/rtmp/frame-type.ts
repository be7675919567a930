import { readVideoTag } from "./media-tag.ts";
import { readAv1Units } from "./picture-av1.ts";
import { readVp8Keyframe, readVp9Keyframe } from "./picture-vp.ts";

const enhanced = 0x80;
const keyframeType = 1 << 4;
const interFrameType = 2 << 4;

/**
 * MediaMTX 1.20.1 leaves the frame type of all Enhanced RTMP video at 0, which
 * is no type (FLV 10.1, E.4.3.1; Enhanced RTMP v2, "VideoFrameType"). Writes
 * into such a message what the frame itself says; leaves any other as it is.
 */
export function mendFrameType(payload: Buffer): void {
  const first = payload[0] ?? 0;
  if ((first & 0xf0) !== enhanced) return;
  payload[0] = first | (startsDecoding(payload) ? keyframeType : interFrameType);
}

function startsDecoding(payload: Buffer): boolean {
  const { codec, configuration, bodyAt } = readVideoTag(payload);
  if (configuration) return true;
  const body = payload.subarray(bodyAt);
  try {
    switch (codec) {
      case "h264":
        return hasNal(body, (header) => (header & 0x1f) === 5);
      case "hevc":
        // Intra random access points (HEVC, 7.4.2.2, table 7-1).
        return hasNal(body, (header) => ((header >> 1) & 0x3f) >= 16 && ((header >> 1) & 0x3f) <= 21);
      case "av1":
        // A random access point starts with a sequence header (AV1, 7.6.1).
        return readAv1Units(body) !== null;
      case "vp8":
        return readVp8Keyframe(body) !== null;
      case "vp9":
        return readVp9Keyframe(body) !== null;
      default:
        return false;
    }
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

function hasNal(unit: Buffer, wanted: (header: number) => boolean): boolean {
  for (let at = 0; at + 4 < unit.length; at += 4 + unit.readUInt32BE(at)) {
    if (wanted(unit.readUInt8(at + 4))) return true;
  }
  return false;
}
