export type Amf = number | boolean | string | null | undefined | Amf[] | { [key: string]: Amf };

/** AMF0 as a client may send it; throws on what is not. */
export function parseAmf(bytes: Buffer): Amf[] {
  const values: Amf[] = [];
  let at = 0;
  const text = (lengthBytes: 2 | 4): string => {
    const length = bytes.readUIntBE(at, lengthBytes);
    at += lengthBytes + length;
    return bytes.toString("utf8", at - length, at);
  };
  const members = (): { [key: string]: Amf } => {
    const found: [string, Amf][] = [];
    for (let name = text(2); name !== "" || bytes[at] !== 9; name = text(2)) found.push([name, value()]);
    at += 1;
    return Object.fromEntries(found);
  };
  const value = (): Amf => {
    const marker = bytes.readUInt8(at);
    at += 1;
    switch (marker) {
      case 0:
        at += 8;
        return bytes.readDoubleBE(at - 8);
      case 1:
        at += 1;
        return bytes.readUInt8(at - 1) !== 0;
      case 2:
        return text(2);
      case 3:
        return members();
      case 5:
        return null;
      case 6:
        return undefined;
      case 8:
        at += 4;
        return members();
      case 10: {
        const count = bytes.readUInt32BE(at);
        at += 4;
        return Array.from({ length: count }, value);
      }
      case 12:
        return text(4);
      default:
        throw new Error(`AMF0 marker ${marker} is not expected from a client`);
    }
  };
  while (at < bytes.length) values.push(value());
  return values;
}

export function formatAmf(values: readonly Amf[]): Buffer {
  return Buffer.concat(values.map(formatValue));
}

function formatValue(value: Amf): Buffer {
  if (value === null) return Buffer.of(5);
  if (value === undefined) return Buffer.of(6);
  if (typeof value === "boolean") return Buffer.of(1, value ? 1 : 0);
  if (typeof value === "string") return Buffer.concat([Buffer.of(2), formatText(value)]);
  if (typeof value === "number") {
    const out = Buffer.alloc(9);
    out.writeDoubleBE(value, 1);
    return out;
  }
  if (Array.isArray(value)) throw new Error("a server here has no arrays to send");
  const members = Object.entries(value).flatMap(([name, member]) => [formatText(name), formatValue(member)]);
  return Buffer.concat([Buffer.of(3), ...members, Buffer.of(0, 0, 9)]);
}

function formatText(text: string): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(Buffer.byteLength(text));
  return Buffer.concat([length, Buffer.from(text)]);
}
