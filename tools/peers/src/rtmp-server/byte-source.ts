import { once } from "node:events";
import type { Socket } from "node:net";

/** Reads a socket a wanted number of bytes at a time, never faster than `bytesPerSecond`. */
export class ByteSource {
  readonly #socket: Socket;
  readonly #bytesPerSecond: number;
  readonly #ended: Promise<unknown>;
  #since = performance.now();
  /** Taken from the socket, the handshake included. */
  count = 0;

  constructor(socket: Socket, bytesPerSecond = Infinity) {
    this.#socket = socket;
    this.#bytesPerSecond = bytesPerSecond;
    this.#ended = new Promise((resolve) => socket.once("close", resolve).once("end", resolve));
  }

  /** Null once the peer is gone. */
  async take(wanted: number): Promise<Buffer | null> {
    if (wanted === 0) return Buffer.alloc(0);
    const parts: Buffer[] = [];
    for (let missing = wanted; missing > 0;) {
      await this.#wait(this.#paceMs());
      const available = Math.min(missing, this.#socket.readableLength);
      const part: unknown = available > 0 ? this.#socket.read(available) : null;
      if (Buffer.isBuffer(part)) {
        parts.push(part);
        missing -= part.length;
        this.count += part.length;
        continue;
      }
      if (this.#socket.destroyed || this.#socket.readableEnded) return null;
      const readable = new AbortController();
      const more = once(this.#socket, "readable", { signal: readable.signal }).catch(() => undefined);
      // Asking for more than there is makes the socket go on reading.
      this.#socket.read(0);
      await Promise.race([more, this.#ended]);
      readable.abort();
    }
    return Buffer.concat(parts);
  }

  #paceMs(): number {
    return this.#bytesPerSecond === Infinity
      ? 0
      : (this.count / this.#bytesPerSecond) * 1000 - (performance.now() - this.#since);
  }

  async #wait(ms: number): Promise<void> {
    if (ms <= 0) return;
    const timer = Promise.withResolvers<void>();
    const handle = setTimeout(timer.resolve, ms);
    await Promise.race([timer.promise, this.#ended]);
    clearTimeout(handle);
  }
}
