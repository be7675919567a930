import type { MediaMessage } from "./message.ts";

/**
 * One media message on its way to any number of publishers. Its chunks are
 * made once for each message stream id and the buffer is shared, so that a
 * further destination costs a write and not a copy.
 */
export class OutgoingMessage {
  readonly media: MediaMessage;

  constructor(media: MediaMessage) {
    this.media = media;
  }
}
