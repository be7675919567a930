import { connect } from "node:net";
import type { Socket } from "node:net";
import { AnswerReader, RtspProtocolError } from "./answers.ts";
import type { Answer } from "./answers.ts";

export type RtspConnectionListener = {
  /** All that was written has left this process, after it had not at once. */
  readonly onDrained: () => void;
  /** Exactly once, last of all. */
  readonly onEnd: () => void;
};

/** The connection is over, and with it whatever was asked. */
export class RtspEnded extends Error {
  override readonly name = "RtspEnded";
}

/** An RTSP client's connection (RFC 2326): one request at a time, and packets beside them. */
export class RtspConnection {
  readonly #url: URL;
  readonly #listener: RtspConnectionListener;
  readonly #writeTimeoutMs: number;
  readonly #socket: Socket;
  readonly #reader = new AnswerReader((answer) => this.#answered(answer));
  #asked: PromiseWithResolvers<Answer> | null = null;
  #requests = 0;
  #session: string | null = null;
  #writeTimer: NodeJS.Timeout | null = null;
  #closeTimer: NodeJS.Timeout | null = null;

  constructor(url: URL, writeTimeoutMs: number, listener: RtspConnectionListener) {
    this.#url = url;
    this.#listener = listener;
    this.#writeTimeoutMs = writeTimeoutMs;
    const host = url.hostname.replace(/^\[|\]$/gu, "");
    this.#socket = connect({ host, port: Number(url.port || 554), noDelay: true });
    this.#socket.on("data", (data: Buffer) => this.#read(data));
    // What comes of it is seen by `close`.
    this.#socket.on("error", () => undefined);
    this.#socket.once("end", () => this.destroy());
    this.#socket.once("close", () => this.#ended());
  }

  /** Whether the server has yet to take what was written. */
  get isBusy(): boolean {
    return this.#writeTimer !== null;
  }

  /** Fulfilled by the answer, whatever it says; rejects with RtspEnded. `control`: a track's. */
  async request(
    method: string,
    headers: Readonly<Record<string, string>>,
    { control, body }: { readonly control?: string; readonly body?: string } = {},
  ): Promise<Answer> {
    if (this.#socket.destroyed) throw new RtspEnded();
    this.#asked = Promise.withResolvers<Answer>();
    this.#socket.write(this.#requestText(method, headers, control ?? null, body ?? ""));
    return await this.#asked.promise;
  }

  /** Of packets; not while it is busy. A server that has not taken them in time has ended the connection. */
  write(packets: Buffer): void {
    this.#socket.write(packets, this.#written);
    // The kernel takes most at once.
    if (this.#socket.writableLength > 0) this.#writeTimer = setTimeout(() => this.destroy(), this.#writeTimeoutMs);
  }

  /** Says goodbye, and ends it at the latest after `deadlineMs`. */
  end(deadlineMs: number): void {
    this.#closeTimer ??= setTimeout(() => this.destroy(), deadlineMs);
    this.#socket.end(this.#requestText("TEARDOWN", {}, null, ""));
  }

  destroy(): void {
    this.#socket.destroy();
  }

  readonly #written = (): void => {
    // Of a write before the one that is waited for.
    if (this.#writeTimer === null || this.#socket.writableLength > 0) return;
    clearTimeout(this.#writeTimer);
    this.#writeTimer = null;
    if (!this.#socket.destroyed) this.#listener.onDrained();
  };

  #requestText(
    method: string,
    headers: Readonly<Record<string, string>>,
    control: string | null,
    body: string,
  ): string {
    const { host, pathname, search, username, password } = this.#url;
    const login = Buffer.from(`${decodeURIComponent(username)}:${decodeURIComponent(password)}`).toString("base64");
    this.#requests += 1;
    return [
      `${method} rtsp://${host}${pathname}${search}${control === null ? "" : `/${control}`} RTSP/1.0`,
      `CSeq: ${this.#requests}`,
      "User-Agent: TRaX",
      // Basic (RFC 7617) from the start: MediaMTX can ask our callback for nothing else.
      ...(username === "" ? [] : [`Authorization: Basic ${login}`]),
      ...(this.#session === null ? [] : [`Session: ${this.#session}`]),
      ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
      ...(body === "" ? [] : [`Content-Length: ${Buffer.byteLength(body)}`]),
      "",
      body,
    ].join("\r\n");
  }

  #read(data: Buffer): void {
    try {
      this.#reader.push(data);
    } catch (error) {
      if (!(error instanceof RtspProtocolError)) throw error;
      this.destroy();
    }
  }

  #answered(answer: Answer): void {
    this.#session ??= answer.headers.get("session")?.split(";", 1)[0] ?? null;
    this.#asked?.resolve(answer);
    this.#asked = null;
  }

  #ended(): void {
    for (const timer of [this.#writeTimer, this.#closeTimer]) if (timer !== null) clearTimeout(timer);
    this.#asked?.reject(new RtspEnded());
    this.#asked = null;
    this.#listener.onEnd();
  }
}
