import type { CloseReason } from "../rtmp/errors.ts";
import type { MediaMessage } from "../rtmp/message.ts";
import { playRtmp } from "../rtmp/player.ts";
import type { RtmpPlayer } from "../rtmp/player.ts";
import { parseRtmpUrl } from "./rtmp-url.ts";

const firstRetryMs = 100;
const lastRetryMs = 1_000;
/** A connection that lasted so long was a good one: after it, retrying starts quickly again. */
const goodAfterMs = 5_000;
/** A connection that says nothing for so long is opened anew. */
const silentMs = 10_000;

export type SourceListener = {
  /** The next message is the first of a new connection. */
  readonly onStart: () => void;
  readonly onMessage: (message: MediaMessage) => void;
  /** A connection ended; the next attempt is already planned. */
  readonly onLost: (reason: CloseReason) => void;
};

/**
 * Plays one source for as long as it is wanted, opening it anew whenever it
 * ends: the router closes on a stream that is absent, so this is also how its
 * return is noticed.
 */
export class SourceReader {
  readonly #url: string;
  readonly #listener: SourceListener;
  #player: RtmpPlayer | null = null;
  #retryTimer: NodeJS.Timeout | null = null;
  #retryMs = firstRetryMs;
  #heardAt = 0;
  #receivedBytes = 0;
  #isClosed = false;

  constructor(url: string, listener: SourceListener) {
    this.#url = url;
    this.#listener = listener;
    this.#open();
  }

  /** Of all connections so far. */
  get receivedBytes(): number {
    return this.#receivedBytes + (this.#player?.receivedBytes ?? 0);
  }

  /** Ends a connection that has fallen silent; a few times a second. */
  tick(now: number): void {
    const player = this.#player;
    if (player === null || now - this.#heardAt < silentMs) return;
    this.#drop(player);
    this.#planRetry();
  }

  close(): void {
    this.#isClosed = true;
    if (this.#retryTimer !== null) clearTimeout(this.#retryTimer);
    this.#retryTimer = null;
    if (this.#player !== null) this.#drop(this.#player);
  }

  #open(): void {
    const target = parseRtmpUrl(this.#url, null);
    if (target === null) throw new Error("the source's URL is no RTMP URL");
    let isFirst = true;
    const openedAt = performance.now();
    this.#heardAt = openedAt;
    const player = playRtmp(
      { host: target.host, port: target.port, app: target.app, streamName: target.streamName },
      {
        onMessage: (message) => {
          if (this.#player !== player) return;
          this.#heardAt = performance.now();
          if (isFirst) {
            isFirst = false;
            this.#listener.onStart();
          }
          this.#listener.onMessage(message);
        },
        onClosed: (reason) => {
          if (this.#player !== player) return;
          this.#drop(player);
          if (performance.now() - openedAt > goodAfterMs) this.#retryMs = firstRetryMs;
          this.#planRetry();
          if (reason !== null) this.#listener.onLost(reason);
        },
      },
    );
    this.#player = player;
  }

  #drop(player: RtmpPlayer): void {
    this.#receivedBytes += player.receivedBytes;
    this.#player = null;
    player.close();
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
