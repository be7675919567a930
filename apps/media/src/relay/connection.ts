import type { KeyframeCache } from "./keyframe-cache.ts";
import { DestinationStream } from "./destination-stream.ts";
import type { Sender } from "./sender.ts";
import type { SharedMessage } from "./shared-message.ts";

/** A peer that was handed this much since it last took anything has stopped, however slow it is. */
const stalledBytes = 400_000;
const stalledMs = 5_000;
/** Media for this long, and never a sign that any of it was taken. */
const neverTakenMs = 15_000;

/**
 * One connection to a destination from its opening to its end, and what is
 * known of the peer: whether it takes what it is given, by its own evidence
 * and not by our having written it.
 */
export class Connection {
  readonly #cache: KeyframeCache;
  readonly #closed = Promise.withResolvers<void>();
  #sender: Sender | null = null;
  #stream: DestinationStream | null = null;
  #publishing = false;
  #everTaken = false;
  /** When media began to flow to the peer, after opening or after a pause; null while none does. */
  #flowingSince: number | null = null;
  #seenTakenBytes = 0;
  #handedWhenTaken = 0;
  /** When the peer first took media, monotonic ms. */
  liveSince: number | null = null;

  constructor(cache: KeyframeCache) {
    this.#cache = cache;
  }

  /** Settles when the socket is gone, or never was. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  get isPublishing(): boolean {
    return this.#publishing;
  }

  get takenBytes(): number {
    return this.#sender?.taken().takenBytes ?? 0;
  }

  /** When the peer last took anything, monotonic ms. */
  get takenAt(): number | null {
    return this.#sender?.taken().takenAt ?? null;
  }

  /** To the peer and back; null where the protocol does not tell. */
  get roundTripMs(): number | null {
    const told = this.#sender?.roundTripMs ?? null;
    return told === null ? null : Math.round(told);
  }

  get droppedFrames(): number {
    return this.#sender?.droppedFrames ?? 0;
  }

  /** Takes over the sender as soon as there is one; `publishing` may have been called before. */
  opened(sender: Sender, now: number): void {
    this.#sender = sender;
    this.#stream = new DestinationStream(sender, this.#cache);
    if (this.#publishing) this.#hand(now, (stream) => stream.join());
  }

  publishing(now: number): void {
    this.#publishing = true;
    this.#hand(now, (stream) => stream.join());
  }

  taken(): void {
    this.#everTaken = true;
  }

  feed(message: SharedMessage, now: number): void {
    if (this.#publishing) this.#hand(now, (stream) => stream.feed(message));
  }

  interrupt(): void {
    this.#stream?.interrupt();
  }

  /** Media stopped: taking has to be seen anew when it comes back. */
  pause(): void {
    this.#flowingSince = null;
  }

  /**
   * What the evidence says while media flows: `waiting` for the first bytes to
   * be taken, `taking`, or `stalled`, which is beyond hope.
   */
  judge(now: number): "waiting" | "taking" | "stalled" {
    const sender = this.#sender;
    const handed = this.#stream?.handedBytes ?? 0;
    if (sender === null || this.#flowingSince === null) return "waiting";
    const { takenBytes, takenAt } = sender.taken();
    if (takenBytes > this.#seenTakenBytes) {
      this.#seenTakenBytes = takenBytes;
      this.#handedWhenTaken = handed;
    }
    const since = Math.max(takenAt ?? 0, this.#flowingSince);
    if (handed - this.#handedWhenTaken > stalledBytes && now - since > stalledMs) return "stalled";
    if (this.#everTaken && takenAt !== null && takenAt >= this.#flowingSince) return "taking";
    return now - this.#flowingSince > neverTakenMs && !this.#everTaken ? "stalled" : "waiting";
  }

  #hand(now: number, feed: (stream: DestinationStream) => void): void {
    const stream = this.#stream;
    if (stream === null) return;
    const before = stream.handedBytes;
    feed(stream);
    if (stream.handedBytes > before) this.#flowingSince ??= now;
  }

  /** Politely; `closed` settles when it is done. */
  close(): void {
    this.#sender?.close();
  }

  /** The socket is gone, or was never opened. */
  ended(): void {
    this.#closed.resolve();
  }
}
