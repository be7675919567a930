import { BitReader, unescapeNal } from "./bit-reader.ts";
import type { Picture } from "./picture.ts";

const spsType = 33;

/** From an HEVCDecoderConfigurationRecord (ISO 14496-15, 8.3.3.1); throws RangeError where it is cut off. */
export function readHevcRecord(record: Buffer): Picture | null {
  const framesIn256Seconds = record.readUInt16BE(19);
  const arrays = record.readUInt8(22);
  let at = 23;
  for (let array = 0; array < arrays; array += 1) {
    const type = record.readUInt8(at) & 0x3f;
    const count = record.readUInt16BE(at + 1);
    at += 3;
    for (let index = 0; index < count; index += 1) {
      const length = record.readUInt16BE(at);
      at += 2;
      if (type === spsType) {
        const size = readHevcSps(record.subarray(at, at + length));
        return { ...size, frameRate: framesIn256Seconds === 0 ? null : framesIn256Seconds / 256 };
      }
      at += length;
    }
  }
  return null;
}

/** A sequence parameter set with its NAL header, up to the picture's size (HEVC, 7.3.2.2.1). */
function readHevcSps(nal: Buffer): { readonly width: number; readonly height: number } {
  const bits = new BitReader(unescapeNal(nal.subarray(2)));
  bits.skip(4);
  const subLayers = bits.bits(3);
  bits.skip(1);
  skipProfileTierLevel(bits, subLayers);
  bits.unsigned();
  const chroma = bits.unsigned();
  const separate = chroma === 3 && bits.flag();
  const width = bits.unsigned();
  const height = bits.unsigned();
  if (!bits.flag()) return { width, height };
  const cropX = !separate && (chroma === 1 || chroma === 2) ? 2 : 1;
  const cropY = !separate && chroma === 1 ? 2 : 1;
  const left = bits.unsigned();
  const right = bits.unsigned();
  const top = bits.unsigned();
  const bottom = bits.unsigned();
  return { width: width - (left + right) * cropX, height: height - (top + bottom) * cropY };
}

function skipProfileTierLevel(bits: BitReader, subLayers: number): void {
  bits.skip(96);
  const present: { readonly profile: boolean; readonly level: boolean }[] = [];
  for (let index = 0; index < subLayers; index += 1) present.push({ profile: bits.flag(), level: bits.flag() });
  if (subLayers > 0) bits.skip(2 * (8 - subLayers));
  for (const { profile, level } of present) bits.skip((profile ? 88 : 0) + (level ? 8 : 0));
}
