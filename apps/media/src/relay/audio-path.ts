import type { AudioTranscoder } from "../ffmpeg/audio-transcoder.ts";
import type { MediaMessage } from "../rtmp/message.ts";

/** SoundFormat 10 in the first byte of an audio tag (FLV 10.1, E.4.2.1). */
const aacTag = 10;
/** A transcoder that failed is tried again after this long. */
const retryMs = 5_000;

export type AudioPathListener = {
  readonly onMessage: (message: MediaMessage) => void;
  /** The transcoder failed; it is built anew by itself. */
  readonly onError: (error: unknown) => void;
};

/**
 * The way of a relay's audio when its source may not have AAC: AAC goes
 * straight on, all else through a transcoder, for which FFmpeg is loaded when
 * the first such message comes. Audio that comes while it loads is left out.
 */
export class AudioPath {
  readonly #listener: AudioPathListener;
  #transcoder: AudioTranscoder | "loading" | null = null;
  #failedAt = -retryMs;
  #isClosed = false;
  #lastOut = 0;

  constructor(listener: AudioPathListener) {
    this.#listener = listener;
  }

  push(message: MediaMessage, now: number): void {
    if ((message.payload[0] ?? 0) >> 4 === aacTag) this.#listener.onMessage(message);
    else if (this.#transcoder === null) {
      if (now - this.#failedAt >= retryMs) void this.#load(now);
    } else if (this.#transcoder !== "loading") this.#transcoder.push(message);
  }

  /** The source begins anew, perhaps in another format. */
  interrupt(): void {
    if (this.#transcoder === null || this.#transcoder === "loading") return;
    this.#transcoder.close();
    this.#transcoder = null;
  }

  close(): void {
    this.#isClosed = true;
    this.interrupt();
  }

  async #load(now: number): Promise<void> {
    this.#transcoder = "loading";
    const fail = (error: unknown): void => {
      this.#failedAt = now;
      this.#transcoder = null;
      this.#listener.onError(error);
    };
    try {
      const module = await import("../ffmpeg/audio-transcoder.ts");
      if (this.#isClosed) return;
      this.#transcoder = new module.AudioTranscoder({ onMessage: (message) => this.#forward(message), onError: fail });
    } catch (error) {
      fail(error);
    }
  }

  /** The encoder's look-ahead reaches back a little over an interruption: audio never goes backwards. */
  #forward(message: MediaMessage): void {
    if (message.timestamp < this.#lastOut) return;
    this.#lastOut = message.timestamp;
    this.#listener.onMessage(message);
  }
}
