import { isDeepStrictEqual } from "node:util";
import type { AudioFormat, MediaMessage, VideoFormat } from "../rtmp/message.ts";
import { readAudioFormat, readVideoFormat } from "../rtmp/formats.ts";

/** Without a frame for this long, a source does not flow. */
export const silentAfterMs = 2_000;

/** What is seen of a source: whether its frames come, and in which formats. */
export class SourceFlow {
  #lastFrameAt: number | null = null;
  #video: VideoFormat | null = null;
  #audio: AudioFormat | null = null;

  get video(): VideoFormat | null {
    return this.#video;
  }

  get audio(): AudioFormat | null {
    return this.#audio;
  }

  /** When the last frame came, monotonic ms. */
  get lastFrameAt(): number | null {
    return this.#lastFrameAt;
  }

  /** A new connection may bring other formats. */
  restart(): void {
    this.#video = null;
    this.#audio = null;
  }

  /** Takes a message; true when it brought a format not known before. */
  note(message: MediaMessage, now: number): boolean {
    if (message.kind === "data") return false;
    if (!message.configuration) this.#lastFrameAt = now;
    if (message.kind === "video") {
      const format = readVideoFormat(message);
      if (format === null || isDeepStrictEqual(format, this.#video)) return false;
      this.#video = format;
      return true;
    }
    const format = readAudioFormat(message);
    if (format === null || isDeepStrictEqual(format, this.#audio)) return false;
    this.#audio = format;
    return true;
  }

  isFlowing(now: number): boolean {
    return this.#lastFrameAt !== null && now - this.#lastFrameAt < silentAfterMs;
  }
}
