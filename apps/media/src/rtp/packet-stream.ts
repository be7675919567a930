import { randomInt } from "node:crypto";

const version = 0x80;
const senderReportBytes = 28;
const senderReport = 200;
const sourceDescription = 202;
const canonicalName = 1;
/** From 1900, which NTP counts from, to 1970, s. */
const ntpEpoch = 2_208_988_800;

export const rtpHeaderBytes = 12;

/** The packets of one track, numbered, and its reports (RFC 3550, 5.1 and 6.4.1). */
export class PacketStream {
  readonly #payloadType: number;
  readonly #ssrc = randomInt(2 ** 32);
  /** Tells receivers which tracks belong together. */
  readonly #name: Buffer;
  #sequence = randomInt(2 ** 16);
  #packets = 0;
  #payloadBytes = 0;

  constructor(payloadType: number, name: string) {
    this.#payloadType = payloadType;
    this.#name = Buffer.from(name);
  }

  get reportBytes(): number {
    // The name ends with at least one zero, on a boundary of 32 bits.
    return senderReportBytes + 8 + Math.floor((2 + this.#name.length) / 4 + 1) * 4;
  }

  /**
   * Writes the header of the next packet, `rtpHeaderBytes` at `at`; so many bytes
   * of payload follow. `timestamp` in the track's clock, of any size.
   */
  writeHeader(into: Buffer, at: number, timestamp: number, marker: boolean, payloadBytes: number): void {
    into[at] = version;
    into[at + 1] = (marker ? 0x80 : 0) | this.#payloadType;
    into.writeUInt16BE(this.#sequence, at + 2);
    into.writeUInt32BE(modulo(timestamp), at + 4);
    into.writeUInt32BE(this.#ssrc, at + 8);
    this.#sequence = (this.#sequence + 1) & 0xffff;
    this.#packets += 1;
    this.#payloadBytes += payloadBytes;
  }

  /** A sender report with the name: what was `timestamp` in the track's clock was `wallMs` since 1970. */
  report(timestamp: number, wallMs: number): Buffer {
    const report = Buffer.alloc(this.reportBytes);
    const descriptionBytes = this.reportBytes - senderReportBytes;
    report[0] = version;
    report[1] = senderReport;
    report.writeUInt16BE(6, 2);
    report.writeUInt32BE(this.#ssrc, 4);
    const seconds = Math.floor(wallMs / 1_000);
    report.writeUInt32BE(modulo(seconds + ntpEpoch), 8);
    report.writeUInt32BE(Math.floor((wallMs / 1_000 - seconds) * 2 ** 32), 12);
    report.writeUInt32BE(modulo(timestamp), 16);
    report.writeUInt32BE(modulo(this.#packets), 20);
    report.writeUInt32BE(modulo(this.#payloadBytes), 24);
    report[28] = version | 1;
    report[29] = sourceDescription;
    report.writeUInt16BE(descriptionBytes / 4 - 1, 30);
    report.writeUInt32BE(this.#ssrc, 32);
    report[36] = canonicalName;
    report[37] = this.#name.length;
    this.#name.copy(report, 38);
    return report;
  }
}

/** Of 32 bits; sound may begin a little before 0. */
function modulo(value: number): number {
  return value >>> 0;
}
