import { Dictionary, FFmpegError, FormatContext, Packet } from "node-av/lib";
import type { IOContext, Stream } from "node-av/lib";
import { AV_PKT_DATA_NEW_EXTRADATA, AV_PKT_FLAG_KEY } from "node-av/constants";
import { readMessage } from "../rtmp/message-body.ts";
import type { MessageKind } from "../rtmp/message-body.ts";
import type { MediaMessage } from "../rtmp/message.ts";
import { addMessageStream, milliseconds } from "./message-stream.ts";

type Track = { readonly stream: Stream; readonly codec: string; configuration: Buffer | null; isStale: boolean };

/**
 * Writes RTMP's messages as MPEG-TS. FFmpeg's muxer turns AVCC into Annex B
 * and raw AAC into ADTS. One stream a kind, from what was seen before the first
 * frame; a configuration that changes goes along with the next frame, and a
 * codec that changes or joins begins a new program on the same connection.
 */
export class MpegTsMuxer {
  readonly #io: IOContext;
  #context: FormatContext | null = null;
  readonly #configurations: Record<MessageKind, MediaMessage | null> = { video: null, audio: null };
  readonly #tracks: Record<MessageKind, Track | null> = { video: null, audio: null };

  constructor(io: IOContext) {
    this.#io = io;
  }

  /** Writes one message; throws FFmpegError when the connection has failed. */
  async write(message: MediaMessage): Promise<void> {
    const { kind } = message;
    if (kind === "data") return;
    if (message.configuration) {
      this.#configure(kind, message);
      return;
    }
    this.#context ??= await this.#begin(message);
    const track = this.#tracks[kind];
    if (track !== null) await this.#writeFrame(this.#context, kind, track, message);
  }

  /** Frees FFmpeg's state; the connection stays its owner's to close. */
  free(): void {
    if (this.#context === null) return;
    this.#context.pb = null;
    this.#context.freeContext();
    this.#context = null;
    this.#tracks.video = null;
    this.#tracks.audio = null;
  }

  #configure(kind: MessageKind, message: MediaMessage): void {
    this.#configurations[kind] = message;
    if (this.#context === null) return;
    const { codec, body } = readMessage(kind, message.payload);
    const track = this.#tracks[kind];
    if (track === null || track.codec !== codec) {
      this.free();
    } else if (track.configuration?.equals(body) !== true) {
      track.configuration = body;
      track.isStale = true;
    }
  }

  async #begin(first: MediaMessage): Promise<FormatContext> {
    const context = new FormatContext();
    FFmpegError.throwIfError(context.allocOutputContext2(null, "mpegts", null), "mpegts");
    context.pb = this.#io;
    for (const kind of ["video", "audio"] as const) {
      // MP3 has no configuration: its first frame has to do.
      const sample = this.#configurations[kind] ?? (first.kind === kind ? first : null);
      const added = sample === null ? null : addMessageStream(context, kind, sample);
      this.#tracks[kind] = added === null ? null : { ...added, isStale: false };
    }
    const result = await context.writeHeader(Dictionary.fromObject({ flush_packets: 1 }));
    if (result < 0) {
      context.pb = null;
      context.freeContext();
      FFmpegError.throwIfError(result, "write the header");
    }
    return context;
  }

  async #writeFrame(context: FormatContext, kind: MessageKind, track: Track, message: MediaMessage): Promise<void> {
    const { body, compositionTime } = readMessage(kind, message.payload);
    if (body.length === 0) return;
    using packet = new Packet();
    packet.alloc();
    packet.data = body;
    packet.streamIndex = track.stream.index;
    const dts = Math.round(message.timestamp);
    packet.dts = BigInt(dts);
    packet.pts = BigInt(dts + compositionTime);
    if (kind === "audio" || message.keyframe) packet.setFlags(AV_PKT_FLAG_KEY);
    packet.rescaleTs(milliseconds, track.stream.timeBase);
    if (track.isStale && track.configuration !== null) {
      packet.addSideData(AV_PKT_DATA_NEW_EXTRADATA, track.configuration);
      track.isStale = false;
    }
    FFmpegError.throwIfError(await context.writeFrame(packet), "write");
  }
}
