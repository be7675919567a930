import type { AudioTranscoder } from "../ffmpeg/audio-transcoder.ts";
import type { MediaMessage } from "../rtmp/message.ts";

/** SoundFormat 10 in the first byte of an audio tag (FLV 10.1, E.4.2.1). */
const aacTag = 10;

export type AudioPathListener = {
  readonly onMessage: (message: MediaMessage) => void;
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
  #isClosed = false;

  constructor(listener: AudioPathListener) {
    this.#listener = listener;
  }

  push(message: MediaMessage): void {
    if ((message.payload[0] ?? 0) >> 4 === aacTag) {
      this.#listener.onMessage(message);
      return;
    }
    if (this.#transcoder === null) void this.#load();
    else if (this.#transcoder !== "loading") this.#transcoder.push(message);
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

  async #load(): Promise<void> {
    this.#transcoder = "loading";
    try {
      const module = await import("../ffmpeg/audio-transcoder.ts");
      if (!this.#isClosed) this.#transcoder = new module.AudioTranscoder(this.#listener);
    } catch (error) {
      this.#listener.onError(error);
    }
  }
}
