import { BitReader } from "./bit-reader.ts";
import type { Picture } from "./picture.ts";

const sequenceHeader = 1;

/** The first sequence header among open bitstream units with sizes (AV1, 5.3.2 and 5.5); null where there is none. */
export function readAv1Units(units: Buffer): Picture | null {
  let at = 0;
  while (at < units.length) {
    const header = units.readUInt8(at);
    at += 1 + ((header >> 2) & 1);
    let size = units.length - at;
    if ((header & 0x02) !== 0) {
      const coded = readLeb128(units, at);
      size = coded.value;
      at = coded.end;
    }
    if (((header >> 3) & 0x0f) === sequenceHeader) return readSequenceHeader(units.subarray(at, at + size));
    at += size;
  }
  return null;
}

function readLeb128(bytes: Buffer, start: number): { readonly value: number; readonly end: number } {
  let value = 0;
  for (let index = 0; index < 8; index += 1) {
    const byte = bytes.readUInt8(start + index);
    value += (byte & 0x7f) * 2 ** (7 * index);
    if ((byte & 0x80) === 0) return { value, end: start + index + 1 };
  }
  throw new RangeError("an AV1 size is too long");
}

function readSequenceHeader(bytes: Buffer): Picture {
  const bits = new BitReader(bytes);
  bits.skip(4);
  let frameRate: number | null = null;
  if (bits.flag()) {
    bits.skip(5);
  } else {
    let delayBits: number | null = null;
    if (bits.flag()) {
      frameRate = readFrameRate(bits);
      if (bits.flag()) {
        delayBits = bits.bits(5) + 1;
        bits.skip(42);
      }
    }
    skipOperatingPoints(bits, delayBits);
  }
  const widthBits = bits.bits(4) + 1;
  const heightBits = bits.bits(4) + 1;
  return { width: bits.bits(widthBits) + 1, height: bits.bits(heightBits) + 1, frameRate };
}

function readFrameRate(bits: BitReader): number | null {
  const unitsInTick = bits.bits(32);
  const timeScale = bits.bits(32);
  if (!bits.flag()) return null;
  const ticksInPicture = bits.unsigned() + 1;
  return unitsInTick === 0 ? null : timeScale / (unitsInTick * ticksInPicture);
}

function skipOperatingPoints(bits: BitReader, delayBits: number | null): void {
  const displayDelays = bits.flag();
  const points = bits.bits(5) + 1;
  for (let point = 0; point < points; point += 1) {
    bits.skip(12);
    if (bits.bits(5) > 7) bits.skip(1);
    if (delayBits !== null && bits.flag()) bits.skip(2 * delayBits + 1);
    if (displayDelays && bits.flag()) bits.skip(4);
  }
}
