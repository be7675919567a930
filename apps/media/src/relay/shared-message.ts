import type { MediaMessage } from "../rtmp/message.ts";
import { OutgoingMessage } from "../rtmp/outgoing.ts";

/**
 * One message of the studio on its way to several destinations. Each stream
 * starts at 0, so each has an offset of its own; those that joined at the same
 * keyframe share it, and then they share the serialised bytes too.
 */
export class SharedMessage {
  readonly media: MediaMessage;
  readonly #made = new Map<number, OutgoingMessage>();

  constructor(media: MediaMessage) {
    this.media = media;
  }

  /** The message with `offset` (ms) taken from its timestamp. */
  at(offset: number): OutgoingMessage {
    const held = this.#made.get(offset);
    if (held !== undefined) return held;
    const timestamp = Math.max(0, this.media.timestamp - offset);
    const made = new OutgoingMessage({ ...this.media, timestamp });
    this.#made.set(offset, made);
    return made;
  }
}
