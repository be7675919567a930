import { BitReader } from "./bit-reader.ts";
import type { Picture } from "./picture.ts";

const vp9SyncCode = 0x498342;
const rgb = 7;

/** From a VP8 keyframe (RFC 6386, 9.1). */
export function readVp8Keyframe(frame: Buffer): Picture | null {
  if (frame.readUIntBE(3, 3) !== 0x9d012a) return null;
  return { width: frame.readUInt16LE(6) & 0x3fff, height: frame.readUInt16LE(8) & 0x3fff, frameRate: null };
}

/** From a VP9 keyframe (VP9 bitstream specification, 6.2). */
export function readVp9Keyframe(frame: Buffer): Picture | null {
  const bits = new BitReader(frame);
  if (bits.bits(2) !== 2) return null;
  const profile = bits.bits(1) + 2 * bits.bits(1);
  if (profile === 3) bits.skip(1);
  const showsOther = bits.flag();
  const interFrame = bits.flag();
  bits.skip(2);
  if (showsOther || interFrame || bits.bits(24) !== vp9SyncCode) return null;
  if (profile >= 2) bits.skip(1);
  const oddSampling = profile === 1 || profile === 3;
  if (bits.bits(3) === rgb) bits.skip(oddSampling ? 1 : 0);
  else bits.skip(oddSampling ? 4 : 1);
  return { width: bits.bits(16) + 1, height: bits.bits(16) + 1, frameRate: null };
}
