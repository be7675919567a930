import type { MediaMessage } from "../rtmp/message.ts";
import { OutgoingMessage } from "../rtmp/outgoing.ts";
import type { KeyframeCache } from "./keyframe-cache.ts";
import type { Sender } from "./sender.ts";
import type { SharedMessage } from "./shared-message.ts";

/**
 * The media of one connection: joins at a keyframe with the configuration
 * before it, starts at 0, and joins again the same way, further on the same
 * timeline, when the source was interrupted.
 */
export class DestinationStream {
  readonly #sender: Sender;
  readonly #cache: KeyframeCache;
  #offset: number | null = null;
  #joined = false;
  #handedBytes = 0;

  constructor(sender: Sender, cache: KeyframeCache) {
    this.#sender = sender;
    this.#cache = cache;
  }

  /** Bytes handed to the sender so far. */
  get handedBytes(): number {
    return this.#handedBytes;
  }

  /** What follows is not decodable after what was sent: join again. */
  interrupt(): void {
    this.#joined = false;
  }

  /** Hands over the newest message, which is in the cache already. */
  feed(message: SharedMessage): void {
    if (!this.#joined) this.join();
    else if (this.#offset !== null && !this.#isBeforeStart(message.media)) this.#send(message.at(this.#offset));
  }

  /** Joins at the last keyframe, if there is one to join at. */
  join(): void {
    const point = this.#cache.joinPoint();
    const first = point?.frames[0];
    if (point === null || first === undefined) return;
    this.#offset ??= first.timestamp;
    const offset = this.#offset;
    for (const message of point.configuration) {
      this.#send(new OutgoingMessage({ ...message, timestamp: first.timestamp - offset }));
    }
    for (const message of point.frames) {
      // Audio interleaved after the keyframe may belong before it.
      if (message.timestamp < first.timestamp) continue;
      this.#send(new OutgoingMessage({ ...message, timestamp: message.timestamp - offset }));
    }
    this.#joined = true;
  }

  #isBeforeStart(message: MediaMessage): boolean {
    return !message.configuration && message.timestamp < (this.#offset ?? 0);
  }

  #send(message: OutgoingMessage): void {
    this.#handedBytes += message.media.payload.length;
    this.#sender.send(message);
  }
}
