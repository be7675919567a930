import { randomFillSync } from "node:crypto";
import { RtmpProtocolError } from "./errors.ts";

const version = 3;
const packetBytes = 1536;

/**
 * The client's side of the simple handshake (RTMP 1.0, 5.2): send `hello`, push
 * what arrives, and once `push` answers, send its `reply`; `rest` is already
 * the peer's first chunks.
 */
export class ClientHandshake {
  readonly hello: Buffer;
  #received: Buffer = Buffer.alloc(0);

  constructor() {
    this.hello = Buffer.alloc(1 + packetBytes);
    this.hello.writeUInt8(version, 0);
    // Time and the four zero bytes stay zero: anything else there asks for Adobe's digest handshake.
    randomFillSync(this.hello, 9);
  }

  push(data: Buffer): { readonly reply: Buffer; readonly rest: Buffer } | null {
    this.#received = Buffer.concat([this.#received, data]);
    if (this.#received.length > 0 && this.#received[0] !== version) {
      throw new RtmpProtocolError("the answer is not RTMP");
    }
    if (this.#received.length < 1 + 2 * packetBytes) return null;
    // Not every server echoes our packet in S2, so that it is not compared.
    return {
      reply: this.#received.subarray(1, 1 + packetBytes),
      rest: this.#received.subarray(1 + 2 * packetBytes),
    };
  }
}
