export type Answer = {
  readonly status: number;
  /** By their names in small letters. */
  readonly headers: ReadonlyMap<string, string>;
};

/** The server says something that is not RTSP, or too much. */
export class RtspProtocolError extends Error {
  override readonly name = "RtspProtocolError";
}

const dollar = 0x24;
const maxHeadBytes = 16 * 1024;
const maxBodyBytes = 64 * 1024;

/** Reads a server's answers (RFC 2326, 7); interleaved packets (10.12) and requests of its own are read past. */
export class AnswerReader {
  readonly #onAnswer: (answer: Answer) => void;
  #rest: Buffer = Buffer.alloc(0);

  constructor(onAnswer: (answer: Answer) => void) {
    this.#onAnswer = onAnswer;
  }

  /** Throws RtspProtocolError. */
  push(data: Buffer): void {
    this.#rest = this.#rest.length === 0 ? data : Buffer.concat([this.#rest, data]);
    while (this.#rest.length > 0) {
      const length = this.#rest[0] === dollar ? this.#skipPacket() : this.#readMessage();
      if (length === null || length > this.#rest.length) return;
      this.#rest = this.#rest.subarray(length);
    }
  }

  #skipPacket(): number | null {
    return this.#rest.length < 4 ? null : 4 + this.#rest.readUInt16BE(2);
  }

  /** How long the message is that comes next, which is told once it is all there; null while that is not known. */
  #readMessage(): number | null {
    const headBytes = this.#rest.indexOf("\r\n\r\n");
    if (headBytes > maxHeadBytes || (headBytes === -1 && this.#rest.length > maxHeadBytes))
      throw new RtspProtocolError("an answer is too long");
    if (headBytes === -1) return null;
    const [start = "", ...lines] = this.#rest.toString("latin1", 0, headBytes).split("\r\n");
    const headers = new Map(lines.map(readHeader));
    const bodyBytes = Number(headers.get("content-length") ?? 0);
    if (!Number.isInteger(bodyBytes) || bodyBytes < 0 || bodyBytes > maxBodyBytes)
      throw new RtspProtocolError("an answer's body has no length that is meant");
    const length = headBytes + 4 + bodyBytes;
    const status = /^RTSP\/1\.0 (\d{3})( |$)/u.exec(start)?.[1];
    if (status !== undefined && length <= this.#rest.length) this.#onAnswer({ status: Number(status), headers });
    else if (!/ RTSP\/1\.0$|^RTSP\/1\.0 \d{3}/u.test(start)) throw new RtspProtocolError("that is not RTSP");
    return length;
  }
}

function readHeader(line: string): [string, string] {
  const colon = line.indexOf(":");
  return colon === -1 ? ["", line] : [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
}
