import { randomBytes, randomInt } from "node:crypto";
import { readMessage } from "../rtmp/message-body.ts";
import type { MessageKind } from "../rtmp/message-body.ts";
import type { MediaMessage } from "../rtmp/message.ts";
import type { RtpPayload } from "../rtp/h264.ts";
import { PacketStream, rtpHeaderBytes } from "../rtp/packet-stream.ts";
import type { CarriedTrack } from "./carried-track.ts";
import type { Channel } from "./recording.ts";

const dollar = 0x24;
const frameBytes = 4;
/** Reports tell the time (RFC 3550, 6.2), and a server that goes by the session's timeout that we live (RFC 2326, A). */
const reportEveryMs = 5_000;

type Path = {
  readonly track: CarriedTrack;
  readonly channel: Channel;
  readonly stream: PacketStream;
  /** Where its clock begins. */
  readonly offset: number;
  /** By the clock, without the offset; null before the first packet. */
  last: number | null;
  reportedAt: number;
};

/** Messages as bytes of an RTSP connection: RTP packets, each in its frame (RFC 2326, 10.12), and reports on the way. */
export class PacketWriter {
  readonly #paths: Readonly<Record<MessageKind, Path>>;
  readonly #startsAt: number;
  readonly #wallAtStart = Date.now();
  #isOpening = true;

  /**
   * `startsAt`: what the first packet of each track is said to be of, ms, whatever
   * it is of, where it is of the first messages. A track that comes later begins
   * at its own time: as late as it arrives.
   */
  constructor(
    tracks: Readonly<Record<MessageKind, CarriedTrack>>,
    channels: Readonly<Record<MessageKind, Channel>>,
    startsAt: number,
  ) {
    const name = randomBytes(12).toString("base64");
    const pathOf = (kind: MessageKind): Path => ({
      track: tracks[kind],
      channel: channels[kind],
      stream: new PacketStream(tracks[kind].payloadType, name),
      offset: randomInt(2 ** 32),
      last: null,
      reportedAt: Number.NEGATIVE_INFINITY,
    });
    this.#paths = { video: pathOf("video"), audio: pathOf("audio") };
    this.#startsAt = startsAt;
  }

  /** All of them, in one piece. */
  bytesOf(messages: readonly MediaMessage[]): Buffer {
    const sendings = messages.flatMap((message) => this.#sendingsOf(message));
    this.#isOpening = false;
    const total = sendings.reduce((sum, sending) => sum + sending.bytes, 0);
    const into = Buffer.allocUnsafe(total);
    let at = 0;
    for (const sending of sendings) at = write(into, at, sending);
    return into;
  }

  #sendingsOf(message: MediaMessage): Sending[] {
    const { kind } = message;
    if (kind === "data") return [];
    const { body, compositionTime } = readMessage(kind, message.payload);
    const path = this.#paths[kind];
    const payloads = path.track.payloads(body, message.keyframe);
    if (payloads.length === 0) return [];
    const isFirst = this.#isOpening && path.last === null;
    const ticks = ticksOf(path, isFirst ? this.#startsAt : message.timestamp + compositionTime);
    path.last = ticks;
    const isReported = message.timestamp - path.reportedAt >= reportEveryMs;
    if (isReported) path.reportedAt = message.timestamp;
    const wallMs = isReported ? this.#wallAtStart + (ticks * 1_000) / path.track.clockRate - this.#startsAt : null;
    return [sendingOf(path, payloads, ticks, wallMs)];
  }
}

/** One message's packets, and the report after them where there is one. */
type Sending = {
  readonly path: Path;
  readonly payloads: readonly RtpPayload[];
  readonly ticks: number;
  /** When it was, for the report. */
  readonly wallMs: number | null;
  readonly bytes: number;
};

function sendingOf(path: Path, payloads: readonly RtpPayload[], ticks: number, wallMs: number | null): Sending {
  let bytes = payloads.length * (frameBytes + rtpHeaderBytes);
  for (const payload of payloads) bytes += lengthOf(payload);
  if (wallMs !== null) bytes += frameBytes + path.stream.reportBytes;
  return { path, payloads, ticks, wallMs, bytes };
}

/** Answers where it ends. */
function write(into: Buffer, start: number, { path, payloads, ticks, wallMs }: Sending): number {
  const { track, channel, stream } = path;
  let at = start;
  for (const [index, payload] of payloads.entries()) {
    const length = lengthOf(payload);
    at = writeFrame(into, at, channel, rtpHeaderBytes + length);
    const marker = track.marksLast && index === payloads.length - 1;
    stream.writeHeader(into, at, path.offset + ticks, marker, length);
    at += rtpHeaderBytes;
    for (const part of payload) {
      into.set(part, at);
      at += part.length;
    }
  }
  if (wallMs === null) return at;
  at = writeFrame(into, at, channel + 1, stream.reportBytes);
  into.set(stream.report(path.offset + ticks, wallMs), at);
  return at + stream.reportBytes;
}

function lengthOf(payload: RtpPayload): number {
  let length = 0;
  for (const part of payload) length += part.length;
  return length;
}

/** The head of an interleaved frame; answers where it ends. */
function writeFrame(into: Buffer, at: number, channel: number, length: number): number {
  into[at] = dollar;
  into[at + 1] = channel;
  into.writeUInt16BE(length, at + 2);
  return at + frameBytes;
}

/**
 * Messages count whole milliseconds, which frames of a fixed length do not
 * last: what is where it is expected, but for that, is put there exactly.
 */
function ticksOf({ track, last }: Path, at: number): number {
  const exact = Math.round((at * track.clockRate) / 1_000);
  const expected = last === null || track.frameTicks === null ? exact : last + track.frameTicks;
  return Math.abs(exact - expected) <= track.clockRate / 1_000 ? expected : exact;
}
