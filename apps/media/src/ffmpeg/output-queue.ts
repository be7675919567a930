import type { OutgoingMessage } from "../rtmp/outgoing.ts";

/**
 * What waits for an output that writes at its own pace: bounded in bytes. Over
 * the bound all but configuration is left out, and video goes on at a keyframe.
 * One reader takes messages; writers never wait.
 */
export class OutputQueue {
  readonly #maxBytes: number;
  #messages: OutgoingMessage[] = [];
  #bytes = 0;
  #needsKeyframe = false;
  #droppedFrames = 0;
  #isEnded = false;
  #wake: (() => void) | null = null;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get droppedFrames(): number {
    return this.#droppedFrames;
  }

  get isEnded(): boolean {
    return this.#isEnded;
  }

  push(message: OutgoingMessage): void {
    if (this.#isEnded) return;
    const { kind, keyframe, configuration, payload } = message.media;
    if (kind === "video" && !configuration && this.#needsKeyframe) {
      if (!keyframe) {
        this.#droppedFrames += 1;
        return;
      }
      this.#needsKeyframe = false;
    }
    this.#messages.push(message);
    this.#bytes += payload.length;
    if (this.#bytes > this.#maxBytes) this.#shed();
    this.#wake?.();
  }

  /** The next message, as soon as there is one; null once ended, whatever still waited. */
  async take(): Promise<OutgoingMessage | null> {
    while (!this.#isEnded) {
      const message = this.#messages.shift();
      if (message !== undefined) {
        this.#bytes -= message.media.payload.length;
        return message;
      }
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#wake = resolve;
      await promise;
      this.#wake = null;
    }
    return null;
  }

  /** What still waits, for one who ends without losing it. */
  drain(): OutgoingMessage[] {
    const rest = this.#messages;
    this.#messages = [];
    this.#bytes = 0;
    return rest;
  }

  end(): void {
    this.#isEnded = true;
    this.#wake?.();
  }

  #shed(): void {
    const kept = this.#messages.filter(({ media }) => media.configuration);
    this.#droppedFrames += this.#messages.length - kept.length;
    this.#messages = kept;
    this.#bytes = kept.reduce((sum, { media }) => sum + media.payload.length, 0);
    this.#needsKeyframe = true;
  }
}
