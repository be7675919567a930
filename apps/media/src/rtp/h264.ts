const type = { sps: 7, pps: 8, delimiter: 9, stapA: 24, fuA: 28 } as const;

/** What an AVCDecoderConfigurationRecord (ISO/IEC 14496-15, 5.3.3.1) tells; null where it is cut off. */
export type AvcConfiguration = { readonly lengthBytes: number; readonly parameterSets: readonly Buffer[] };

export function readAvcConfiguration(record: Buffer): AvcConfiguration | null {
  if (record.length < 7) return null;
  const parameterSets: Buffer[] = [];
  let at = 5;
  for (const mask of [0x1f, 0xff]) {
    const count = (record[at] ?? 0) & mask;
    at += 1;
    for (let set = 0; set < count; set += 1) {
      if (at + 2 > record.length) return null;
      const length = record.readUInt16BE(at);
      parameterSets.push(record.subarray(at + 2, at + 2 + length));
      at += 2 + length;
    }
  }
  return at > record.length ? null : { lengthBytes: ((record[4] ?? 3) & 3) + 1, parameterSets };
}

/** The payload of one RTP packet, bytes in pieces: what is large is not copied until the packet is written. */
export type RtpPayload = readonly Buffer[];

/**
 * A frame (length-prefixed NAL units) as the payloads of its RTP packets, in
 * order (RFC 6184, packetization mode 1), each of `maxPayload` bytes at most. A
 * keyframe brings the parameter sets along, so that whoever joins there can
 * decode it.
 */
export function h264Payloads(
  frame: Buffer,
  keyframe: boolean,
  configuration: AvcConfiguration,
  maxPayload: number,
): RtpPayload[] {
  const units = nalUnits(frame, configuration.lengthBytes).filter((unit) => unitType(unit) !== type.delimiter);
  const hasOwn = units.some((unit) => unitType(unit) === type.sps || unitType(unit) === type.pps);
  const all = keyframe && !hasOwn ? [...configuration.parameterSets, ...units] : units;
  const payloads: RtpPayload[] = [];
  // The small ones in front (parameter sets, SEI) share a packet.
  let together: Buffer[] = [];
  const flush = (): void => {
    if (together.length > 0) payloads.push(together.length === 1 ? together : aggregate(together));
    together = [];
  };
  for (const unit of all) {
    const size = together.reduce((sum, one) => sum + 2 + one.length, 1) + 2 + unit.length;
    if (size > maxPayload) flush();
    if (unit.length > maxPayload) payloads.push(...fragments(unit, maxPayload));
    else together.push(unit);
  }
  flush();
  return payloads;
}

function unitType(unit: Buffer): number {
  return (unit[0] ?? 0) & 0x1f;
}

function nalUnits(frame: Buffer, lengthBytes: number): Buffer[] {
  const units: Buffer[] = [];
  for (let at = 0; at + lengthBytes <= frame.length;) {
    const length = frame.readUIntBE(at, lengthBytes);
    at += lengthBytes;
    if (length === 0 || at + length > frame.length) {
      at += length;
      continue;
    }
    units.push(frame.subarray(at, at + length));
    at += length;
  }
  return units;
}

/** STAP-A, 5.7.1. */
function aggregate(units: readonly Buffer[]): RtpPayload {
  const importance = Math.max(...units.map((unit) => (unit[0] ?? 0) & 0x60));
  const parts: Buffer[] = [Buffer.of(importance | type.stapA)];
  for (const unit of units) parts.push(Buffer.of(unit.length >> 8, unit.length & 0xff), unit);
  return parts;
}

/** FU-A, 5.8. */
function fragments(unit: Buffer, maxPayload: number): RtpPayload[] {
  const header = unit[0] ?? 0;
  const made: RtpPayload[] = [];
  const size = maxPayload - 2;
  const headOf = (flags: number): Buffer => Buffer.of((header & 0xe0) | type.fuA, flags | (header & 0x1f));
  const [first, between, last] = [headOf(0x80), headOf(0), headOf(0x40)];
  for (let at = 1; at < unit.length; at += size) {
    const head = at === 1 ? first : at + size >= unit.length ? last : between;
    made.push([head, unit.subarray(at, at + size)]);
  }
  return made;
}
