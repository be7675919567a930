import { BitReader, unescapeNal } from "./bit-reader.ts";
import type { Picture } from "./picture.ts";

const profilesWithChroma = new Set([100, 110, 122, 244, 44, 83, 86, 118, 128, 138, 139, 134, 135]);
const extendedSampleAspect = 255;
const spsType = 7;

/** From an AVCDecoderConfigurationRecord (ISO 14496-15, 5.3.3.1); throws RangeError where it is cut off. */
export function readAvcRecord(record: Buffer): Picture | null {
  if (((record[5] ?? 0) & 0x1f) === 0) return null;
  const length = record.readUInt16BE(6);
  return readH264Sps(record.subarray(8, 8 + length));
}

/** From the parameters inside an access unit of NAL units with four bytes of length; null where it has none. */
export function readH264Keyframe(frame: Buffer): Picture | null {
  for (let at = 0; at + 4 < frame.length;) {
    const length = frame.readUInt32BE(at);
    if ((frame.readUInt8(at + 4) & 0x1f) === spsType) return readH264Sps(frame.subarray(at + 4, at + 4 + length));
    at += 4 + length;
  }
  return null;
}

/** A sequence parameter set with its NAL header (H.264, 7.3.2.1.1 and E.1.1). */
export function readH264Sps(nal: Buffer): Picture {
  const bits = new BitReader(unescapeNal(nal.subarray(1)));
  const profile = bits.bits(8);
  bits.skip(16);
  bits.unsigned();
  const chroma = profilesWithChroma.has(profile) ? readChroma(bits) : { format: 1, separate: false };
  bits.unsigned();
  skipPictureOrder(bits);
  bits.unsigned();
  bits.skip(1);
  const widthInBlocks = bits.unsigned() + 1;
  const heightInMapUnits = bits.unsigned() + 1;
  const framesOnly = bits.flag();
  if (!framesOnly) bits.skip(1);
  bits.skip(1);
  const crop = bits.flag()
    ? { left: bits.unsigned(), right: bits.unsigned(), top: bits.unsigned(), bottom: bits.unsigned() }
    : { left: 0, right: 0, top: 0, bottom: 0 };
  const subsampled = !chroma.separate && chroma.format > 0;
  const cropX = subsampled && chroma.format < 3 ? 2 : 1;
  const cropY = (subsampled && chroma.format === 1 ? 2 : 1) * (framesOnly ? 1 : 2);
  return {
    width: widthInBlocks * 16 - (crop.left + crop.right) * cropX,
    height: heightInMapUnits * 16 * (framesOnly ? 1 : 2) - (crop.top + crop.bottom) * cropY,
    frameRate: bits.flag() ? readFrameRate(bits) : null,
  };
}

function readChroma(bits: BitReader): { readonly format: number; readonly separate: boolean } {
  const format = bits.unsigned();
  const separate = format === 3 && bits.flag();
  bits.unsigned();
  bits.unsigned();
  bits.skip(1);
  if (bits.flag()) {
    const lists = format === 3 ? 12 : 8;
    for (let list = 0; list < lists; list += 1) if (bits.flag()) skipScalingList(bits, list < 6 ? 16 : 64);
  }
  return { format, separate };
}

function skipScalingList(bits: BitReader, size: number): void {
  let last = 8;
  for (let index = 0; index < size; index += 1) {
    last = (last + bits.signed() + 256) % 256;
    if (last === 0) return;
  }
}

function skipPictureOrder(bits: BitReader): void {
  const type = bits.unsigned();
  if (type === 0) {
    bits.unsigned();
  } else if (type === 1) {
    bits.skip(1);
    bits.signed();
    bits.signed();
    const count = Math.min(bits.unsigned(), 255);
    for (let index = 0; index < count; index += 1) bits.signed();
  }
}

function readFrameRate(bits: BitReader): number | null {
  if (bits.flag() && bits.bits(8) === extendedSampleAspect) bits.skip(32);
  if (bits.flag()) bits.skip(1);
  if (bits.flag()) {
    bits.skip(4);
    if (bits.flag()) bits.skip(24);
  }
  if (bits.flag()) {
    bits.unsigned();
    bits.unsigned();
  }
  if (!bits.flag()) return null;
  const unitsInTick = bits.bits(32);
  const timeScale = bits.bits(32);
  // A tick is a field's time, so that a frame takes two.
  return unitsInTick === 0 || timeScale === 0 ? null : timeScale / (2 * unitsInTick);
}
