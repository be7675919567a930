import { AV_FRAME_FLAG_CORRUPT } from "node-av/constants";
import { Codec, CodecContext, Dictionary, Frame } from "node-av/lib";
import type { Packet, Stream } from "node-av/lib";
import { settleColors } from "./picture-colors.ts";
import { SharedFrame } from "./shared-frame.ts";

export type DecodedPicture = {
  readonly kind: "picture";
  readonly picture: SharedFrame;
  readonly ms: number;
  readonly durationMs: number;
};

/** Of the longer and the shorter side, pixels. */
const longest = 4096;
const shortest = 2304;
const noTime = -(2n ** 62n);

/** Decodes the pictures of one stream of a demuxer, stamped in ms from `startMs`. What cannot be decoded is left out. */
export class PictureTrack {
  readonly #context: CodecContext;
  readonly #msPerTick: number;
  readonly #startMs: number;
  readonly #frameMs: number;
  #needsKeyframe = true;
  #lastMs: number | null = null;

  private constructor(context: CodecContext, stream: Stream, startMs: number) {
    this.#context = context;
    this.#startMs = startMs;
    this.#msPerTick = (stream.timeBase.num * 1_000) / stream.timeBase.den;
    const { num, den } = stream.avgFrameRate;
    this.#frameMs = num > 0 && den > 0 ? (den * 1_000) / num : 40;
  }

  /** Null where there is no decoder for it. */
  static async open(stream: Stream, startMs: number): Promise<PictureTrack | null> {
    const context = await openDecoder(stream, { max_pixels: String(longest * shortest) });
    return context === null ? null : new PictureTrack(context, stream, startMs);
  }

  /** Null: what the decoder still holds. */
  async *decode(packet: Packet | null): AsyncGenerator<DecodedPicture> {
    if (packet !== null) {
      if (this.#needsKeyframe && !packet.isKeyframe) return;
      this.#needsKeyframe = false;
    }
    if ((await this.#context.sendPacket(packet)) < 0 && packet !== null) return;
    for (;;) {
      const frame = new Frame();
      frame.alloc();
      // Decoding was done with the packet: this hands over what came of it. The rest may still be to be decoded.
      const received =
        packet === null ? await this.#context.receiveFrame(frame) : this.#context.receiveFrameSync(frame);
      if (received < 0) {
        frame.free();
        return;
      }
      const decoded = this.#take(frame);
      if (decoded === null) frame.free();
      else yield decoded;
    }
  }

  restart(): void {
    this.#context.flushBuffers();
    this.#needsKeyframe = true;
    this.#lastMs = null;
  }

  free(): void {
    this.#context.freeContext();
  }

  #take(frame: Frame): DecodedPicture | null {
    if (frame.hasFlags(AV_FRAME_FLAG_CORRUPT) || !isDecodable(frame.width, frame.height)) return null;
    settleColors(frame, true);
    const time = frame.bestEffortTimestamp > noTime ? frame.bestEffortTimestamp : frame.pts;
    const following = this.#lastMs === null ? 0 : this.#lastMs + this.#frameMs;
    const ms = time > noTime ? Number(time) * this.#msPerTick - this.#startMs : following;
    this.#lastMs = ms;
    const duration = Number(frame.duration) * this.#msPerTick;
    return {
      kind: "picture",
      picture: new SharedFrame(frame),
      ms,
      durationMs: duration > 0 ? duration : this.#frameMs,
    };
  }
}

/** Whether pictures of that size are decoded: up to 4K, whichever way up. */
export function isDecodable(width: number, height: number): boolean {
  return Math.max(width, height) <= longest && Math.min(width, height) <= shortest;
}

/** A decoder for the stream, of one thread; null where there is none. */
export async function openDecoder(
  stream: Stream,
  options: Readonly<Record<string, string>> = {},
): Promise<CodecContext | null> {
  const codec = Codec.findDecoder(stream.codecpar.codecId);
  if (codec === null) return null;
  const context = new CodecContext();
  using dictionary = Dictionary.fromObject({ ...options });
  context.allocContext3(codec);
  context.threadCount = 1;
  const isOpen =
    context.parametersToContext(stream.codecpar) >= 0 &&
    ((context.pktTimebase = stream.timeBase), (await context.open2(codec, dictionary)) >= 0);
  if (isOpen) return context;
  context.freeContext();
  return null;
}
