import { connectLink } from "../program/link/client.ts";
import type { CloseReason } from "../rtmp/errors.ts";
import type { MediaMessage } from "../rtmp/message.ts";
import { playRtmp } from "../rtmp/player.ts";
import { parseRtmpUrl } from "./rtmp-url.ts";

const firstRetryMs = 100;
const lastRetryMs = 1_000;
/** To a program of this node: cheap to try, and its return should take no time. */
const linkRetryMs = 50;
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

type Player = { readonly receivedBytes: number; close(): void };

type PlayListener = {
  readonly onMessage: (message: MediaMessage) => void;
  /** Exactly once, last of all; null when `close()` ended it. */
  readonly onClosed: (reason: CloseReason | null) => void;
};

/** Plays `rtmp://…` from a server, or `unix:<path>` from a program's link. */
function play(url: string, listener: PlayListener): Player {
  if (url.startsWith(linkScheme)) return connectLink(url.slice(linkScheme.length), listener);
  const target = parseRtmpUrl(url, null);
  if (target === null) return unplayable(listener);
  const { host, port, app, streamName } = target;
  return playRtmp({ host, port, app, streamName }, listener);
}

const linkScheme = "unix:";

/** Of a URL that cannot be played: never any media. */
function unplayable(listener: PlayListener): Player {
  const timer = setImmediate(() =>
    listener.onClosed({ code: "protocol_error", message: "The source's address cannot be played." }),
  );
  return { receivedBytes: 0, close: () => clearImmediate(timer) };
}

/**
 * Plays one source for as long as it is wanted, opening it anew whenever it
 * ends: the router closes on a stream that is absent, so this is also how its
 * return is noticed.
 */
export class SourceReader {
  readonly #url: string;
  readonly #listener: SourceListener;
  #player: Player | null = null;
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
    let isFirst = true;
    const openedAt = performance.now();
    this.#heardAt = openedAt;
    const player = play(this.#url, {
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
    });
    this.#player = player;
  }

  #drop(player: Player): void {
    this.#receivedBytes += player.receivedBytes;
    this.#player = null;
    player.close();
  }

  #planRetry(): void {
    if (this.#isClosed) return;
    this.#retryTimer = setTimeout(
      () => {
        this.#retryTimer = null;
        this.#open();
      },
      this.#url.startsWith(linkScheme) ? linkRetryMs : this.#retryMs,
    );
    this.#retryMs = Math.min(lastRetryMs, this.#retryMs * 2);
  }
}
