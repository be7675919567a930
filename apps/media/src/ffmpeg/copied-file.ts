import {
  AVFMT_FLAG_AUTO_BSF,
  AVIO_FLAG_WRITE,
  AVMEDIA_TYPE_AUDIO,
  AV_CODEC_ID_AAC,
  AV_PKT_FLAG_KEY,
} from "node-av/constants";
import { Dictionary, FFmpegError, FormatContext, IOContext, Packet, Rational } from "node-av/lib";
import type { Stream } from "node-av/lib";
import { encodedSampleRate, encoderKinds } from "./audio-encoder.ts";
import { soundDts } from "./sound-clock.ts";

/** Another container than MP4 cannot hold it, or not as it is. */
export class NotCopyable extends Error {
  override readonly name = "NotCopyable";
}

/** The sound beside a copied picture: another stream's packets, or AAC as `AudioEncoder` makes it with this configuration. */
export type CopiedSound = { readonly from: Stream } | { readonly header: Buffer } | null;

type SoundTrack = {
  readonly stream: Stream;
  readonly sampleRate: number;
  readonly frameSamples: number | null;
  lastDts: number;
};

const longestFragmentMs = 3_000;
/** FFmpeg has a number for none, which is less. */
export const noTime = -(2n ** 62n);
/** H.264 reorders no more (A.3.1: 16 pictures). */
const mostHeld = 17;

/**
 * Writes packets of one file into another, a fragmented MP4 (ISO/IEC 14496-12,
 * 8.8), which begins at 0: pictures keep their times to the tick, AAC gets back the cadence that a container's milliseconds took. FFmpeg
 * turns Annex B into AVCC, and ADTS into raw AAC. Writes on the thread that
 * asks: for processes that have nothing else to do.
 */
export class CopiedFile {
  readonly #io: IOContext;
  readonly #context: FormatContext;
  readonly #pictureFrom: Stream;
  readonly #picture: Stream;
  readonly #sound: SoundTrack | null;
  readonly #startMs: number;
  readonly #frameTicks: bigint;
  /** Pictures whose decoding time is not known yet. */
  readonly #held: Packet[] = [];
  #lastDts: bigint | null = null;

  private constructor(
    opened: { io: IOContext; context: FormatContext; picture: Stream; sound: SoundTrack | null },
    source: { picture: Stream; startMs: number },
  ) {
    this.#io = opened.io;
    this.#context = opened.context;
    this.#picture = opened.picture;
    this.#sound = opened.sound;
    this.#pictureFrom = source.picture;
    this.#startMs = source.startMs;
    const { avgFrameRate, timeBase } = source.picture;
    const ticks = (avgFrameRate.den * timeBase.den) / (avgFrameRate.num * timeBase.num);
    this.#frameTicks = BigInt(Number.isFinite(ticks) ? Math.max(1, Math.round(ticks)) : 1);
  }

  /** `startMs`: where the beginning is in the packets' clocks. Throws NotCopyable; FFmpegError where there is no file to be. */
  static async create(
    path: string,
    source: { readonly picture: Stream; readonly sound: CopiedSound; readonly startMs: number },
  ): Promise<CopiedFile> {
    const io = new IOContext();
    FFmpegError.throwIfError(await io.open2(path, AVIO_FLAG_WRITE), "open the file");
    const context = new FormatContext();
    try {
      check(context.allocOutputContext2(null, "mp4", null));
      context.pb = io;
      const picture = addCopy(context, source.picture);
      const sound = addSound(context, source.sound);
      const options = {
        movflags: "frag_keyframe+empty_moov+delay_moov+default_base_moof",
        frag_duration: longestFragmentMs * 1_000,
        // Edit lists tell of what comes before 0, and of a stream that begins later.
        use_editlist: 1,
      };
      check(await context.writeHeader(Dictionary.fromObject(options)));
      // FFmpeg thinks that an empty beginning is too early to know ADTS's configuration: this one waits for the first fragment.
      context.setFlags(AVFMT_FLAG_AUTO_BSF);
      return new CopiedFile({ io, context, picture, sound }, source);
    } catch (error) {
      context.pb = null;
      context.freeContext();
      await io.closep();
      throw error;
    }
  }

  /**
   * A packet of the picture's stream, in decoding order. Matroska tells no
   * decoding times, and FFmpeg cannot guess the first: these are made, a frame
   * apart, where the next is known. Throws NotCopyable.
   */
  picture(packet: Packet): void {
    const copy = packet.clone();
    if (copy === null) throw new NotCopyable("there is no memory for a packet");
    this.#held.push(copy);
    if (copy.dts <= noTime) {
      if (this.#lastDts !== null || this.#held.length > mostHeld)
        throw new NotCopyable("it cannot be told when its pictures are to be decoded");
      return;
    }
    const held = this.#held.splice(0);
    try {
      for (const [index, one] of held.entries()) {
        if (one.dts <= noTime) one.dts = copy.dts - BigInt(held.length - 1 - index) * this.#frameTicks;
        this.#writePicture(one);
      }
    } finally {
      for (const one of held) one.free();
    }
  }

  /** A packet of the sound's stream, or the body of an encoded one; `ms` from the beginning. Throws NotCopyable. */
  sound(body: Packet | Buffer, ms: number): void {
    const track = this.#sound;
    if (track === null) return;
    const dts = soundDts(ms, track);
    track.lastDts = dts;
    using copy = body instanceof Packet ? body.clone() : packetOf(body);
    if (copy === null) throw new NotCopyable("there is no memory for a packet");
    copy.dts = BigInt(dts);
    copy.pts = copy.dts;
    copy.duration = BigInt(track.frameSamples ?? 0);
    copy.streamIndex = track.stream.index;
    copy.rescaleTs({ num: 1, den: track.sampleRate }, track.stream.timeBase);
    check(this.#context.interleavedWriteFrameSync(copy));
  }

  /** Writes what is held back, and the end. Throws NotCopyable. */
  async finish(): Promise<void> {
    if (this.#held.length > 0) throw new NotCopyable("it cannot be told when its pictures are to be decoded");
    check(await this.#context.writeTrailer());
  }

  async close(): Promise<void> {
    for (const held of this.#held.splice(0)) held.free();
    this.#context.pb = null;
    this.#context.freeContext();
    await this.#io.closep();
  }

  #writePicture(packet: Packet): void {
    const { dts, pts } = packet;
    if (pts < dts || (this.#lastDts !== null && dts <= this.#lastDts))
      throw new NotCopyable("the times of its pictures are in no order");
    this.#lastDts = dts;
    const { num, den } = this.#pictureFrom.timeBase;
    const start = BigInt(Math.round((this.#startMs * den) / (1_000 * num)));
    packet.dts = dts - start;
    packet.pts = pts - start;
    packet.streamIndex = this.#picture.index;
    packet.rescaleTs(this.#pictureFrom.timeBase, this.#picture.timeBase);
    check(this.#context.interleavedWriteFrameSync(packet));
  }
}

function addCopy(context: FormatContext, from: Stream): Stream {
  const stream = context.newStream(null);
  check(from.codecpar.copy(stream.codecpar));
  // MP4 has its own.
  stream.codecpar.codecTag = 0;
  stream.timeBase = from.timeBase;
  stream.avgFrameRate = from.avgFrameRate;
  return stream;
}

function addSound(context: FormatContext, sound: CopiedSound): SoundTrack | null {
  if (sound === null) return null;
  if ("from" in sound) {
    const stream = addCopy(context, sound.from);
    const { sampleRate, frameSize } = stream.codecpar;
    if (sampleRate <= 0) throw new NotCopyable("its sound has no rate");
    stream.timeBase = new Rational(1, sampleRate);
    return { stream, sampleRate, frameSamples: frameSize > 0 ? frameSize : null, lastDts: -1 };
  }
  const stream = context.newStream(null);
  const { codecpar } = stream;
  codecpar.codecType = AVMEDIA_TYPE_AUDIO;
  codecpar.codecId = AV_CODEC_ID_AAC;
  codecpar.sampleRate = encodedSampleRate;
  codecpar.channels = 2;
  codecpar.frameSize = encoderKinds.aac.frameSamples;
  codecpar.extradata = sound.header;
  stream.timeBase = new Rational(1, encodedSampleRate);
  return { stream, sampleRate: encodedSampleRate, frameSamples: codecpar.frameSize, lastDts: -1 };
}

function packetOf(body: Buffer): Packet {
  const packet = new Packet();
  packet.alloc();
  packet.data = body;
  packet.setFlags(AV_PKT_FLAG_KEY);
  return packet;
}

function check(result: number): void {
  if (result < 0) throw new NotCopyable(`FFmpeg refused it: ${result}`);
}
