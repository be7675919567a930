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
  #hasNews = true;

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
    this.#hasNews = true;
  }

  note(message: MediaMessage, now: number): void {
    if (message.kind === "data") return;
    if (!message.configuration) {
      if (!this.isFlowing(now)) this.#hasNews = true;
      this.#lastFrameAt = now;
    }
    if (message.kind === "video") {
      const format = readVideoFormat(message);
      if (format === null || isDeepStrictEqual(format, this.#video)) return;
      this.#video = format;
    } else {
      const format = readAudioFormat(message);
      if (format === null || isDeepStrictEqual(format, this.#audio)) return;
      this.#audio = format;
    }
    this.#hasNews = true;
  }

  /** Whether formats or flow may have changed since this was last asked. */
  takeNews(): boolean {
    const hadNews = this.#hasNews;
    this.#hasNews = false;
    return hadNews;
  }

  isFlowing(now: number): boolean {
    return this.#lastFrameAt !== null && now - this.#lastFrameAt < silentAfterMs;
  }
}
