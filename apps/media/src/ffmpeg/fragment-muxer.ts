import { AV_PKT_FLAG_KEY } from "node-av/constants";
import { Dictionary, FFmpegError, FormatContext, Packet } from "node-av/lib";
import type { IOContext } from "node-av/lib";
import { readMessage } from "../rtmp/message-body.ts";
import type { MessageKind } from "../rtmp/message-body.ts";
import type { MediaMessage } from "../rtmp/message.ts";
import { readAudioFormat } from "../rtmp/formats.ts";
import { addMessageStream, milliseconds } from "./message-stream.ts";
import type { MessageStream } from "./message-stream.ts";
import { soundDts } from "./sound-clock.ts";

/** A fragment at each keyframe, and at the latest after this: what a kill costs. */
const longestFragmentMs = 3_000;
const aacSamples = 1_024;

/** The stream has changed in a way that one file cannot hold. */
export class FormatChanged extends Error {
  override readonly name = "FormatChanged";
}

/** The stream has a codec that is not recorded. */
export class NotRecordable extends Error {
  override readonly name = "NotRecordable";
}

type Track = MessageStream & {
  /** Of audio, Hz. */
  readonly sampleRate: number;
  /** In units of its own clock: milliseconds for video, samples for audio. */
  lastDts: number;
};

/**
 * Writes RTMP's messages as fragmented MP4 (ISO/IEC 14496-12, 8.8), each
 * fragment whole and flushed, so that all but the last seconds are there
 * whatever becomes of the process. Throws FFmpegError when writing fails.
 */
export class FragmentMuxer {
  readonly #io: IOContext;
  #context: FormatContext | null = null;
  readonly #configurations: Record<MessageKind, MediaMessage | null> = { video: null, audio: null };
  readonly #tracks: Record<MessageKind, Track | null> = { video: null, audio: null };

  constructor(io: IOContext) {
    this.#io = io;
  }

  /** Writes one message; throws FormatChanged where it belongs into another file. */
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

  /** Writes what is held, and the index at the end. */
  async finish(): Promise<void> {
    if (this.#context !== null) FFmpegError.throwIfError(await this.#context.writeTrailer(), "finish the file");
  }

  /** Frees FFmpeg's state; the file stays its owner's to close. */
  free(): void {
    if (this.#context === null) return;
    this.#context.pb = null;
    this.#context.freeContext();
    this.#context = null;
  }

  #configure(kind: MessageKind, message: MediaMessage): void {
    this.#configurations[kind] = message;
    if (this.#context === null) return;
    const { codec, body } = readMessage(kind, message.payload);
    const track = this.#tracks[kind];
    if (track === null || track.codec !== codec || track.configuration?.equals(body) !== true)
      throw new FormatChanged();
  }

  async #begin(first: MediaMessage): Promise<FormatContext> {
    const context = new FormatContext();
    FFmpegError.throwIfError(context.allocOutputContext2(null, "mp4", null), "mp4");
    context.pb = this.#io;
    const options = {
      movflags: "frag_keyframe+empty_moov+default_base_moof",
      frag_duration: longestFragmentMs * 1_000,
      flush_packets: 1,
    };
    try {
      for (const kind of ["video", "audio"] as const) {
        // MP3 has no configuration: its first frame has to do.
        const sample = this.#configurations[kind] ?? (first.kind === kind ? first : null);
        this.#tracks[kind] = sample === null ? null : newTrack(context, kind, sample);
      }
      FFmpegError.throwIfError(await context.writeHeader(Dictionary.fromObject(options)), "write the header");
      return context;
    } catch (error) {
      context.pb = null;
      context.freeContext();
      throw error;
    }
  }

  async #writeFrame(context: FormatContext, kind: MessageKind, track: Track, message: MediaMessage): Promise<void> {
    const { codec, body, compositionTime } = readMessage(kind, message.payload);
    if (codec !== track.codec) throw new FormatChanged();
    if (body.length === 0) return;
    using packet = new Packet();
    packet.alloc();
    packet.data = body;
    packet.streamIndex = track.stream.index;
    const isAudio = kind === "audio";
    const dts = isAudio
      ? soundDts(message.timestamp, { ...track, frameSamples: track.codec === "aac" ? aacSamples : null })
      : Math.max(Math.round(message.timestamp), track.lastDts + 1);
    track.lastDts = dts;
    packet.dts = BigInt(dts);
    packet.pts = BigInt(dts + compositionTime);
    if (isAudio || message.keyframe) packet.setFlags(AV_PKT_FLAG_KEY);
    packet.rescaleTs(isAudio ? { num: 1, den: track.sampleRate } : milliseconds, track.stream.timeBase);
    FFmpegError.throwIfError(await context.writeFrame(packet), "write");
  }
}

function newTrack(context: FormatContext, kind: MessageKind, sample: MediaMessage): Track {
  const added = addMessageStream(context, kind, sample);
  if (added === null) throw new NotRecordable();
  const sampleRate = kind === "audio" ? (readAudioFormat(sample)?.sampleRate ?? null) : null;
  return { ...added, sampleRate: sampleRate ?? 48_000, lastDts: -1 };
}
