import type { SharedMessage } from "./shared-message.ts";

/** What happens to a destination's media, in order. */
export type DelayedEvent =
  | { readonly type: "message"; readonly message: SharedMessage }
  | { readonly type: "interrupt" }
  | { readonly type: "flowing"; readonly flowing: boolean };

/** A minute of about 17 Mbit/s; the bytes are shared with every other destination that waits for them. */
const defaultMaxBytes = 128 * 1024 * 1024;

/**
 * Gives back each event a set time after it came in. Has no timer: what is due
 * is asked for. Over its bound in bytes it drops all frames it holds, and the
 * stream is interrupted there.
 */
export class DelayLine {
  readonly delayMs: number;
  readonly #maxBytes: number;
  #events: { readonly dueAt: number; readonly event: DelayedEvent }[] = [];
  #bytes = 0;
  #droppedFrames = 0;

  constructor(delayMs: number, maxBytes = defaultMaxBytes) {
    this.delayMs = delayMs;
    this.#maxBytes = maxBytes;
  }

  get droppedFrames(): number {
    return this.#droppedFrames;
  }

  push(event: DelayedEvent, now: number): void {
    this.#events.push({ dueAt: now + this.delayMs, event });
    this.#bytes += bytesOf(event);
    if (this.#bytes > this.#maxBytes) this.#shed(now);
  }

  /** The next event that is due; null when none is. */
  take(now: number): DelayedEvent | null {
    const [next] = this.#events;
    if (next === undefined || next.dueAt > now) return null;
    this.#events.shift();
    this.#bytes -= bytesOf(next.event);
    return next.event;
  }

  #shed(now: number): void {
    const kept = this.#events.filter(({ event }) => event.type !== "message" || event.message.media.configuration);
    this.#droppedFrames += this.#events.length - kept.length;
    this.#events = [...kept, { dueAt: now + this.delayMs, event: { type: "interrupt" } }];
    this.#bytes = kept.reduce((sum, { event }) => sum + bytesOf(event), 0);
  }
}

function bytesOf(event: DelayedEvent): number {
  return event.type === "message" ? event.message.media.payload.length : 0;
}
