/** RTP payload, bytes: with its headers and SRTP's tag it fits into 1,280, which every path carries. */
const maxPayload = 1_180;

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

/**
 * A frame (length-prefixed NAL units) as the payloads of its RTP packets, in
 * order (RFC 6184, packetization mode 1). A keyframe brings the parameter sets
 * along, so that whoever joins there can decode it.
 */
export function h264Payloads(frame: Buffer, keyframe: boolean, configuration: AvcConfiguration): Buffer[] {
  const units = nalUnits(frame, configuration.lengthBytes).filter((unit) => unitType(unit) !== type.delimiter);
  const hasOwn = units.some((unit) => unitType(unit) === type.sps || unitType(unit) === type.pps);
  const all = keyframe && !hasOwn ? [...configuration.parameterSets, ...units] : units;
  const payloads: Buffer[] = [];
  // The small ones in front (parameter sets, SEI) share a packet.
  let together: Buffer[] = [];
  const flush = (): void => {
    const [first] = together;
    if (first !== undefined) payloads.push(together.length === 1 ? first : aggregate(together));
    together = [];
  };
  for (const unit of all) {
    const size = together.reduce((sum, one) => sum + 2 + one.length, 1) + 2 + unit.length;
    if (size > maxPayload) flush();
    if (unit.length > maxPayload) payloads.push(...fragments(unit));
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
function aggregate(units: readonly Buffer[]): Buffer {
  const importance = Math.max(...units.map((unit) => (unit[0] ?? 0) & 0x60));
  const parts: Buffer[] = [Buffer.of(importance | type.stapA)];
  for (const unit of units) parts.push(Buffer.of(unit.length >> 8, unit.length & 0xff), unit);
  return Buffer.concat(parts);
}

/** FU-A, 5.8. */
function fragments(unit: Buffer): Buffer[] {
  const header = unit[0] ?? 0;
  const made: Buffer[] = [];
  const size = maxPayload - 2;
  for (let at = 1; at < unit.length; at += size) {
    const isFirst = at === 1;
    const isLast = at + size >= unit.length;
    const flags = (isFirst ? 0x80 : 0) | (isLast ? 0x40 : 0);
    const head = Buffer.of((header & 0xe0) | type.fuA, flags | (header & 0x1f));
    made.push(Buffer.concat([head, unit.subarray(at, at + size)]));
  }
  return made;
}
