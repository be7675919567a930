import { AVIO_FLAG_WRITE } from "node-av/constants";
import { FFmpegError, IOContext } from "node-av/lib";
import type { MediaMessage } from "../rtmp/message.ts";
import { FragmentMuxer } from "./fragment-muxer.ts";
import { RenditionSound } from "./rendition-sound.ts";
import type { SharedFrame } from "./shared-frame.ts";
import type { Sound } from "./sound-track.ts";
import { VideoEncoder } from "./video-encoder.ts";

export type RenditionOptions = {
  /** Pixels, even. */
  readonly width: number;
  readonly height: number;
  /** Frames a second, about. */
  readonly frameRate: number;
  readonly hasSound: boolean;
};

const groupMs = 2_000;
/** Who has promised sound and brings none for so long has none, ms. */
const soundPatienceMs = 10_000;

/**
 * Writes a clip as programs play it best: H.264 High and AAC of 48 kHz in a
 * fragmented MP4, a closed group of pictures every 2 s. Pictures and sound come
 * in about the order of their time, ms. One call at a time. Throws FFmpegError.
 */
export class RenditionFile {
  readonly #io: IOContext;
  readonly #muxer: FragmentMuxer;
  readonly #encoder: VideoEncoder;
  readonly #sound: RenditionSound | null;
  /** Held back until the configurations of both are known: a file begins with these. */
  #held: MediaMessage[] | null = [];
  #group = -1;
  #lastMs = -1;

  private constructor(io: IOContext, encoder: VideoEncoder, sound: RenditionSound | null) {
    this.#io = io;
    this.#muxer = new FragmentMuxer(io);
    this.#encoder = encoder;
    this.#sound = sound;
  }

  static async create(path: string, options: RenditionOptions): Promise<RenditionFile> {
    const { width, height, frameRate, hasSound } = options;
    const io = new IOContext();
    FFmpegError.throwIfError(await io.open2(path, AVIO_FLAG_WRITE), "open the file");
    const bitrate = Math.round(Math.min(16_000_000, Math.max(2_000_000, width * height * frameRate * 0.1)));
    const encoder = await VideoEncoder.open({ width, height, frameRate, bitrate, preset: "veryfast", halfRate: false });
    const sound = hasSound ? await RenditionSound.open() : null;
    const file = new RenditionFile(io, encoder, sound);
    await file.#write([encoder.configuration]);
    return file;
  }

  /** A picture of the file's size. */
  async picture(picture: SharedFrame, ms: number): Promise<void> {
    const at = Math.max(Math.round(ms), this.#lastMs + 1);
    this.#lastMs = at;
    const group = Math.floor(at / groupMs);
    const messages = await this.#encoder.encode(picture, at, group !== this.#group);
    this.#group = group;
    await this.#write(messages);
  }

  async sound(sound: Sound): Promise<void> {
    if (this.#sound !== null) await this.#write(await this.#sound.add(sound));
  }

  /** Writes what is held back, and the end. */
  async finish(): Promise<void> {
    if (this.#sound !== null) await this.#write(await this.#sound.finish());
    await this.#begin();
    await this.#muxer.finish();
  }

  async close(): Promise<void> {
    this.#encoder.close();
    this.#sound?.free();
    this.#muxer.free();
    await this.#io.closep();
  }

  async #write(messages: readonly MediaMessage[]): Promise<void> {
    if (this.#held === null) {
      for (const message of messages) await this.#muxer.write(message);
      return;
    }
    this.#held.push(...messages);
    const isComplete =
      this.#sound === null || this.#held.some(({ kind, configuration }) => kind === "audio" && configuration);
    if (isComplete || this.#lastMs > soundPatienceMs) await this.#begin();
  }

  async #begin(): Promise<void> {
    const held = this.#held ?? [];
    this.#held = null;
    const isConfiguration = ({ configuration }: MediaMessage): boolean => configuration;
    const first = [...held.filter(isConfiguration), ...held.filter((message) => !isConfiguration(message))];
    for (const message of first) await this.#muxer.write(message);
  }
}
