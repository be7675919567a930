import type { Demuxed } from "../ffmpeg/demuxer.ts";
import type { PictureScaler, Size } from "../ffmpeg/picture-scaler.ts";
import { RenditionFile } from "../ffmpeg/rendition-file.ts";
import type { SharedFrame } from "../ffmpeg/shared-frame.ts";
import type { Rendition } from "./rendition.ts";

type Wanted = Size & {
  /** Of the clip, or a guess. */
  readonly frameRate: number;
  /** A second; those that come faster are left out. */
  readonly mostFrames: number;
  readonly hasSound: boolean;
};

/** A rendition of a clip, decoded, scaled by `scaler` and encoded. */
export class EncodedRendition implements Rendition {
  readonly #file: RenditionFile;
  readonly #scaler: PictureScaler;
  readonly #leastMs: number;
  #nextMs = -Infinity;

  private constructor(file: RenditionFile, scaler: PictureScaler, leastMs: number) {
    this.#file = file;
    this.#scaler = scaler;
    this.#leastMs = leastMs;
  }

  /** `scaler`: to the wanted size; its owner frees it. Throws FFmpegError. */
  static async create(path: string, scaler: PictureScaler, wanted: Wanted): Promise<EncodedRendition> {
    const frameRate = Math.min(wanted.mostFrames, wanted.frameRate);
    const file = await RenditionFile.create(path, { ...wanted, frameRate });
    return new EncodedRendition(file, scaler, 1_000 / wanted.mostFrames);
  }

  async take(item: Demuxed): Promise<void> {
    if (item.kind === "sound") await this.#file.sound(item);
    else if (item.kind === "picture") await this.#picture(item.picture, item.ms);
  }

  finish(): Promise<void> {
    return this.#file.finish();
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  async #picture(picture: SharedFrame, ms: number): Promise<void> {
    // Timestamps are rounded.
    if (ms < this.#nextMs - 2) return;
    this.#nextMs = Math.max(this.#nextMs, ms) + this.#leastMs;
    const scaled = await this.#scaler.scale(picture);
    try {
      await this.#file.picture(scaled, Math.max(0, ms));
    } finally {
      scaled.release();
    }
  }
}
