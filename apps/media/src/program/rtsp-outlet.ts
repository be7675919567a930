import { publishRtsp } from "../rtsp/publisher.ts";
import type { RtspPublisher } from "../rtsp/publisher.ts";
import type { MediaMessage } from "../rtmp/message.ts";

const firstRetryMs = 250;
const lastRetryMs = 5_000;
/** A session that lasted so long was a good one. */
const goodAfterMs = 5_000;

/**
 * Publishes to one address of the router for as long as it is wanted, anew with
 * back-off whenever it ends. Whatever becomes of it, `send` neither waits nor
 * throws.
 */
export class RtspOutlet {
  readonly url: string;
  readonly #configurations: { video: MediaMessage | null; audio: MediaMessage | null } = { video: null, audio: null };
  #publisher: RtspPublisher | null = null;
  #retryTimer: NodeJS.Timeout | null = null;
  #retryMs = firstRetryMs;
  #isClosed = false;

  /** `configurations`: what was sent before, for those who come late. */
  constructor(url: string, configurations: readonly MediaMessage[] = []) {
    this.url = url;
    for (const message of configurations) this.#note(message);
    this.#open();
  }

  send(message: MediaMessage): void {
    if (message.configuration) this.#note(message);
    this.#publisher?.send(message);
  }

  close(): void {
    this.#isClosed = true;
    if (this.#retryTimer !== null) clearTimeout(this.#retryTimer);
    this.#retryTimer = null;
    this.#publisher?.close();
  }

  #note(message: MediaMessage): void {
    if (message.kind !== "data") this.#configurations[message.kind] = message;
  }

  #open(): void {
    const openedAt = performance.now();
    const publisher = publishRtsp(this.url, {
      onPublishing: () => undefined,
      onClosed: () => {
        if (this.#publisher !== publisher) return;
        this.#publisher = null;
        if (performance.now() - openedAt > goodAfterMs) this.#retryMs = firstRetryMs;
        this.#planRetry();
      },
    });
    this.#publisher = publisher;
    for (const message of Object.values(this.#configurations)) if (message !== null) publisher.send(message);
  }

  #planRetry(): void {
    if (this.#isClosed) return;
    this.#retryTimer = setTimeout(() => {
      this.#retryTimer = null;
      this.#open();
    }, this.#retryMs);
    this.#retryMs = Math.min(lastRetryMs, this.#retryMs * 2);
  }
}
