import { randomInt } from "node:crypto";
import { RtcpRrPacket, RtcpSrPacket } from "werift";
import type { RTCRtpSender, RtcpPacket, RtpPacket } from "werift";

/** Packets of which it is known how many bytes had been sent with them; receivers report every second or so. */
const remembered = 8_192;

export type TrackNews = {
  readonly roundTripMs: number | null;
  /** More of it arrived since the report before. */
  readonly took: boolean;
};

/** One track on its way, numbered, and what the receiver says of it (RFC 3550, 6.4). */
export class RtpTrack {
  readonly #sender: RTCRtpSender;
  readonly #onNews: (news: TrackNews) => void;
  /** Bytes sent up to a packet, by the low bits of its number. */
  readonly #bytesAt = new Float64Array(remembered);
  #sequence = randomInt(2 ** 15);
  #sentBytes = 0;
  #takenBytes = 0;
  #highest = -1;
  #lastTimestamp: number | null = null;

  constructor(sender: RTCRtpSender, onNews: (news: TrackNews) => void) {
    this.#sender = sender;
    this.#onNews = onNews;
    sender.onRtcp.subscribe((packet) => this.#hear(packet));
  }

  get takenBytes(): number {
    return this.#takenBytes;
  }

  /** Whether a timestamp lies before the last one sent. */
  isBefore(timestamp: number): boolean {
    return this.#lastTimestamp !== null && timestamp < this.#lastTimestamp;
  }

  /** The place of the next frame: right after the last one, `step` on, unless it is told to be clearly elsewhere. */
  cadence(timestamp: number, step: number): number {
    const next = this.#lastTimestamp === null ? null : this.#lastTimestamp + step;
    return next !== null && Math.abs(timestamp - next) < step / 2 ? next : Math.round(timestamp);
  }

  async send(packet: RtpPacket): Promise<void> {
    const { header, payload } = packet;
    this.#lastTimestamp = header.timestamp;
    header.timestamp %= 2 ** 32;
    header.sequenceNumber = this.#sequence % 2 ** 16;
    this.#sentBytes += payload.length;
    this.#bytesAt[this.#sequence % remembered] = this.#sentBytes;
    this.#sequence += 1;
    await this.#sender.sendRtp(packet);
  }

  /** Counts all that was sent as taken. */
  takeAll(): void {
    this.#takenBytes = this.#sentBytes;
  }

  #hear(packet: RtcpPacket): void {
    if (!(packet instanceof RtcpRrPacket) && !(packet instanceof RtcpSrPacket)) return;
    for (const report of packet.reports) {
      if (report.ssrc !== this.#sender.ssrc) continue;
      // Numbers are told modulo 2^16, with the receiver's own count of rounds.
      const behind = (this.#sequence - 1 - report.highestSequence) & 0xffff;
      const highest = this.#sequence - 1 - behind;
      const took = behind < remembered && highest > this.#highest;
      if (took) {
        this.#highest = highest;
        this.#takenBytes = Math.max(this.#takenBytes, this.#bytesAt[highest % remembered] ?? 0);
      }
      this.#onNews({ roundTripMs: roundTrip(report.lsr, report.dlsr), took });
    }
  }
}

/** RFC 3550, 6.4.1: from when our last report was sent, by NTP's middle 32 bits, and how long the peer held it. */
function roundTrip(lastReport: number, delay: number): number | null {
  if (lastReport === 0) return null;
  const now = ((Date.now() / 1_000 + 2_208_988_800) % 65_536) * 65_536;
  const between = (now - lastReport - delay + 2 ** 32) % 2 ** 32;
  const ms = (between * 1_000) / 65_536;
  // A report from before clocks were set is no measure.
  return ms < 60_000 ? ms : null;
}
