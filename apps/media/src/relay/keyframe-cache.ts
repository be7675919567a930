import type { MediaMessage } from "../rtmp/message.ts";

const maxBytes = 16 * 1024 * 1024;
const maxDurationMs = 15_000;
/** Audio alone for this long means that no video is coming. */
const audioOnlyAfterMs = 1_500;

/**
 * What a destination needs to start at once: the configuration in force and
 * all frames since the last keyframe. A source without video can be joined at
 * any frame. Bounded in bytes and duration; over the bound, joining waits for
 * the next keyframe.
 */
export class KeyframeCache {
  #metadata: MediaMessage | null = null;
  #video: MediaMessage | null = null;
  #audio: MediaMessage | null = null;
  #group: MediaMessage[] = [];
  #groupBytes = 0;
  #newestAudio: MediaMessage | null = null;
  #firstAudioAt: number | null = null;
  #sawVideo = false;

  /** Bytes of the frames held. */
  get bytes(): number {
    return this.#groupBytes;
  }

  clear(): void {
    this.#metadata = null;
    this.#video = null;
    this.#audio = null;
    this.#firstAudioAt = null;
    this.#newestAudio = null;
    this.#sawVideo = false;
    this.#dropGroup();
  }

  /** Takes the next message of the stream, already on the studio's timeline. */
  push(message: MediaMessage): void {
    if (message.kind === "data") {
      this.#metadata = message;
      return;
    }
    if (message.configuration) {
      this.#configure(message);
      return;
    }
    if (message.kind === "video") {
      this.#sawVideo = true;
      if (message.keyframe) this.#dropGroup();
      else if (this.#group.length === 0) return;
      this.#add(message);
      return;
    }
    this.#firstAudioAt ??= message.timestamp;
    this.#newestAudio = message;
    if (this.#group.length > 0) this.#add(message);
  }

  /**
   * Where to join now: metadata and configuration, then the frames since the
   * keyframe. Null until there is a place to join.
   */
  joinPoint(): { readonly configuration: MediaMessage[]; readonly frames: MediaMessage[] } | null {
    const configuration = [this.#metadata, this.#video, this.#audio].filter((held) => held !== null);
    if (this.#group.length > 0) return { configuration, frames: this.#group.slice() };
    const [first, newest] = [this.#firstAudioAt, this.#newestAudio];
    if (this.#sawVideo || first === null || newest === null) return null;
    return newest.timestamp - first >= audioOnlyAfterMs ? { configuration, frames: [newest] } : null;
  }

  #configure(message: MediaMessage): void {
    const held = message.kind === "video" ? this.#video : this.#audio;
    if (message.kind === "video") {
      this.#video = message;
      this.#sawVideo = true;
    } else this.#audio = message;
    // Frames made for the old configuration cannot be decoded with the new one.
    if (held !== null && !held.payload.equals(message.payload)) this.#dropGroup();
  }

  #add(message: MediaMessage): void {
    const first = this.#group[0] ?? message;
    this.#group.push(message);
    this.#groupBytes += message.payload.length;
    if (this.#groupBytes > maxBytes || message.timestamp - first.timestamp > maxDurationMs) this.#dropGroup();
  }

  #dropGroup(): void {
    this.#group = [];
    this.#groupBytes = 0;
  }
}
