import type { RtpPayload } from "./h264.ts";

/** In bits: an AU header of RFC 3640's mode AAC-hbr (3.3.6), and the size in it. */
const headerBits = 16;
const maxUnitBytes = 2 ** 13 - 1;

/**
 * An AAC frame as the payloads of its RTP packets: one, unless it is larger
 * than `maxPayload` bytes (RFC 3640, 3.2.3: each piece then tells the size of the
 * whole). Nothing for what the mode cannot carry.
 */
export function aacPayloads(frame: Buffer, maxPayload: number): RtpPayload[] {
  if (frame.length > maxUnitBytes) return [];
  const head = Buffer.of(0, headerBits, frame.length >> 5, (frame.length & 0x1f) << 3);
  const payloads: RtpPayload[] = [];
  const size = maxPayload - head.length;
  for (let at = 0; at < frame.length; at += size) payloads.push([head, frame.subarray(at, at + size)]);
  return payloads;
}
