import { crc32 } from "node:zlib";

/** Whether all of a picture is there, by its outer form; a GIF's tells nothing. */
export function isAllThere(bytes: Buffer, type: string | undefined): boolean {
  switch (type) {
    case "png":
      return isWholePng(bytes);
    case "jpg":
      // The end of the image (ITU-T T.81, B.1.1.3).
      return bytes.lastIndexOf(Buffer.of(0xff, 0xd9)) > 2;
    case "webp":
      // As long as its header says (RFC 9649, 2.4).
      return bytes.length >= bytes.readUInt32LE(4) + 8;
    default:
      return true;
  }
}

/** Its critical chunks unharmed, up to the last (ISO/IEC 15948, 5.3 and 5.4). */
function isWholePng(bytes: Buffer): boolean {
  for (let at = 8; at + 12 <= bytes.length;) {
    const end = at + 12 + bytes.readUInt32BE(at);
    if (end > bytes.length) return false;
    const type = bytes.toString("latin1", at + 4, at + 8);
    const isSound = crc32(bytes.subarray(at + 4, end - 4)) === bytes.readUInt32BE(end - 4);
    if (/^[A-Z]/u.test(type) && !isSound) return false;
    if (type === "IEND") return true;
    at = end;
  }
  return false;
}
