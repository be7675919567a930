import type { MediaMessage } from "../rtmp/message.ts";

/** Sound that is so much before a keyframe at the most is heard with it. */
const besideMs = 100;

/** The server has not yet taken these; they are few where it keeps up. */
export class WaitingMessages {
  readonly #maxBytes: number;
  #messages: MediaMessage[] = [];
  #bytes = 0;
  #needsKeyframe = true;
  #droppedFrames = 0;
  /** The last sound before the first keyframe. */
  #sound: MediaMessage | null = null;

  /** `maxBytes`: of what waits here and is `elsewhere` on its way. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get droppedFrames(): number {
    return this.#droppedFrames;
  }

  get messages(): readonly MediaMessage[] {
    return this.#messages;
  }

  /** Drops all when too much waits; goes on, and begins, at a keyframe. */
  push(message: MediaMessage, elsewhere: number): void {
    if (this.#needsKeyframe && !this.#goesOnAt(message)) return;
    this.#add(message);
    if (this.#bytes + elsewhere > this.#maxBytes) this.#drop();
  }

  /** Those in front, together at most so many bytes, but one at least. */
  take(maxBytes: number): MediaMessage[] {
    let count = 0;
    let bytes = 0;
    for (const { payload } of this.#messages) {
      if (count > 0 && bytes + payload.length > maxBytes) break;
      count += 1;
      bytes += payload.length;
    }
    this.#bytes -= bytes;
    return this.#messages.splice(0, count);
  }

  clear(): void {
    this.#messages = [];
    this.#bytes = 0;
  }

  #goesOnAt(message: MediaMessage): boolean {
    if (message.kind === "video" && message.keyframe) {
      this.#needsKeyframe = false;
      if (this.#sound !== null && message.timestamp - this.#sound.timestamp < besideMs) this.#add(this.#sound);
      this.#sound = null;
      return true;
    }
    // Before the first keyframe nothing is missed.
    if (this.#droppedFrames > 0) this.#droppedFrames += 1;
    else if (message.kind === "audio") this.#sound = message;
    return false;
  }

  #add(message: MediaMessage): void {
    this.#messages.push(message);
    this.#bytes += message.payload.length;
  }

  #drop(): void {
    this.#droppedFrames += this.#messages.length;
    this.clear();
    this.#needsKeyframe = true;
  }
}
