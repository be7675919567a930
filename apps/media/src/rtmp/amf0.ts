import { RtmpProtocolError } from "./errors.ts";

/**
 * A value of AMF0 (Adobe's "Action Message Format AMF 0", sections 2.2 to 2.18).
 * Objects and ECMA arrays are both maps: a peer's keys never become properties.
 */
export type AmfValue =
  | number
  | boolean
  | string
  | null
  | undefined
  | Date
  | readonly AmfValue[]
  | ReadonlyMap<string, AmfValue>;

const maxDepth = 16;

const marker = {
  number: 0,
  boolean: 1,
  string: 2,
  object: 3,
  null: 5,
  undefined: 6,
  reference: 7,
  ecmaArray: 8,
  objectEnd: 9,
  strictArray: 10,
  date: 11,
  longString: 12,
  unsupported: 13,
  xml: 15,
  typedObject: 16,
} as const;

/** The values one after another, as in the body of a command or data message. */
export function encodeAmf0(values: readonly AmfValue[]): Buffer {
  return Buffer.concat(values.flatMap(encodeValue));
}

export function amfObject(entries: Readonly<Record<string, AmfValue>>): ReadonlyMap<string, AmfValue> {
  return new Map(Object.entries(entries));
}

/** All values in `bytes`; throws RtmpProtocolError where it is not AMF0. */
export function decodeAmf0(bytes: Buffer): AmfValue[] {
  const reader = new Amf0Reader(bytes);
  const values: AmfValue[] = [];
  while (!reader.atEnd) values.push(reader.value(0));
  return values;
}

function encodeValue(value: AmfValue): Buffer[] {
  if (value === null) return [Buffer.of(marker.null)];
  if (value === undefined) return [Buffer.of(marker.undefined)];
  if (typeof value === "number") return [Buffer.of(marker.number), double(value)];
  if (typeof value === "boolean") return [Buffer.of(marker.boolean, value ? 1 : 0)];
  if (typeof value === "string") {
    return Buffer.byteLength(value) > 0xffff
      ? [Buffer.of(marker.longString), uint32(Buffer.byteLength(value)), Buffer.from(value)]
      : [Buffer.of(marker.string), key(value)];
  }
  if (value instanceof Date) return [Buffer.of(marker.date), double(value.getTime()), Buffer.alloc(2)];
  if (value instanceof Map) {
    const members = [...value].flatMap(([name, member]) => [key(name), ...encodeValue(member)]);
    return [Buffer.of(marker.object), ...members, Buffer.of(0, 0, marker.objectEnd)];
  }
  if (isArray(value)) return [Buffer.of(marker.strictArray), uint32(value.length), ...value.flatMap(encodeValue)];
  throw new TypeError("not an AMF0 value");
}

function isArray(value: AmfValue): value is readonly AmfValue[] {
  return Array.isArray(value);
}

function double(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(value);
  return bytes;
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function key(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.of(bytes.length >> 8, bytes.length & 0xff), bytes]);
}

class Amf0Reader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get atEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  value(depth: number): AmfValue {
    if (depth > maxDepth) throw new RtmpProtocolError("AMF0 is nested too deeply");
    const kind = this.#take(1).readUInt8();
    switch (kind) {
      case marker.number:
        return this.#take(8).readDoubleBE();
      case marker.boolean:
        return this.#take(1).readUInt8() !== 0;
      case marker.string:
        return this.#key();
      case marker.longString:
      case marker.xml:
        return this.#take(this.#take(4).readUInt32BE()).toString();
      case marker.object:
        return this.#members(depth);
      case marker.typedObject:
        this.#key();
        return this.#members(depth);
      case marker.ecmaArray:
        this.#take(4);
        return this.#members(depth);
      case marker.strictArray:
        return this.#items(depth);
      case marker.date: {
        const time = this.#take(8).readDoubleBE();
        this.#take(2);
        return new Date(time);
      }
      case marker.reference:
        this.#take(2);
        return undefined;
      case marker.null:
        return null;
      case marker.undefined:
      case marker.unsupported:
        return undefined;
      default:
        throw new RtmpProtocolError(`AMF0 has an unknown marker ${kind}`);
    }
  }

  #members(depth: number): ReadonlyMap<string, AmfValue> {
    const members = new Map<string, AmfValue>();
    // Some writers leave the end marker of an outermost ECMA array away.
    while (!this.atEnd) {
      const name = this.#key();
      if (name === "" && this.#bytes[this.#at] === marker.objectEnd) {
        this.#at += 1;
        break;
      }
      members.set(name, this.value(depth + 1));
    }
    return members;
  }

  #items(depth: number): readonly AmfValue[] {
    const count = this.#take(4).readUInt32BE();
    if (count > this.#bytes.length - this.#at) throw new RtmpProtocolError("AMF0 array is longer than its message");
    const items: AmfValue[] = [];
    for (let index = 0; index < count; index += 1) items.push(this.value(depth + 1));
    return items;
  }

  #key(): string {
    return this.#take(this.#take(2).readUInt16BE()).toString();
  }

  #take(count: number): Buffer {
    const end = this.#at + count;
    if (end > this.#bytes.length) throw new RtmpProtocolError("AMF0 ends in the middle of a value");
    const bytes = this.#bytes.subarray(this.#at, end);
    this.#at = end;
    return bytes;
  }
}
