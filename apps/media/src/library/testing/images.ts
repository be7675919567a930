import { crc32, deflateSync } from "node:zlib";
import { createCanvas } from "@napi-rs/canvas";

/** A PNG of a few kilobytes whose header promises that many pixels; a part of them is there. */
export function hugePng(width: number, height: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  // 8 bit, RGB.
  header.set([8, 2, 0, 0, 0], 8);
  const signature = Buffer.from("89504e470d0a1a0a", "hex");
  const picture = deflateSync(Buffer.alloc(4_000_000));
  return Buffer.concat([signature, chunk("IHDR", header), chunk("IDAT", picture), chunk("IEND", Buffer.alloc(0))]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const check = Buffer.alloc(4);
  check.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, check]);
}

/** A JPEG whose Exif says that it is to be turned by 90 degrees (orientation 6). */
export function turnedJpeg(width: number, height: number): Buffer {
  const jpeg = createCanvas(width, height).toBuffer("image/jpeg");
  const exif = Buffer.concat([
    Buffer.from("Exif\0\0MM\0*", "latin1"),
    // The first directory, of one entry: orientation, a short, 6.
    Buffer.from("00000008000101120003000000010006000000000000", "hex"),
  ]);
  const marker = Buffer.from([0xff, 0xe1, 0, exif.length + 2]);
  return Buffer.concat([jpeg.subarray(0, 2), marker, exif, jpeg.subarray(2)]);
}
