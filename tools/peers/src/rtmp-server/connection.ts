import { randomBytes } from "node:crypto";
import type { Socket } from "node:net";
import { type Amf, formatAmf, parseAmf } from "./amf.ts";
import type { RtmpServerBehaviour, RtmpServerStep } from "./behaviour.ts";
import { ByteSource } from "./byte-source.ts";

export type ReceivedCommand = { readonly name: string; readonly transaction: number; readonly values: readonly Amf[] };

export type ReceivedMedia = {
  readonly kind: "audio" | "video" | "data";
  /** As sent: 32 bits. */
  readonly timestamp: number;
  readonly size: number;
  /** `performance.now()` of when it was here whole. */
  readonly at: number;
  /** Empty where the server was told not to keep payloads. */
  readonly payload: Buffer;
};

type Chunked = { timestamp: number; delta: number; length: number; type: number; extended: boolean; parts: Buffer[] };

const mediaKinds: Readonly<Record<number, ReceivedMedia["kind"]>> = { 8: "audio", 9: "video", 18: "data" };

/** One client, from its first byte to its end, and all that it said. */
export class RtmpServerConnection {
  readonly commands: ReceivedCommand[] = [];
  readonly media: ReceivedMedia[] = [];
  /** The windows the client asked for, and how often it was answered. */
  readonly windows: number[] = [];
  acknowledgements = 0;
  app: string | null = null;
  tcUrl: string | null = null;
  streamName: string | null = null;
  publishing = false;
  /** When it was told that it may publish, and when its socket closed: `performance.now()`. */
  publishingAt: number | null = null;
  closedAt: number | null = null;
  /** It said FCUnpublish or deleteStream. */
  saidGoodbye = false;
  closed = false;
  /** What was wrong with what it sent. */
  problem: string | null = null;
  readonly #socket: Socket;
  readonly #behaviour: RtmpServerBehaviour;
  readonly #keepPayloads: boolean;
  readonly #source: ByteSource;
  readonly #chunks = new Map<number, Chunked>();
  #chunkSize = 128;
  #window = 0;
  #lastAcknowledged = 0;
  #silent = false;
  #frozen = false;
  #timer: NodeJS.Timeout | null = null;

  constructor(socket: Socket, behaviour: RtmpServerBehaviour, keepPayloads: boolean) {
    this.#socket = socket;
    this.#behaviour = behaviour;
    this.#keepPayloads = keepPayloads;
    this.#source = new ByteSource(socket, behaviour.bytesPerSecond);
    socket.setNoDelay(true);
    socket.on("error", () => {});
    socket.once("close", () => {
      this.closed = true;
      this.closedAt = performance.now();
      if (this.#timer !== null) clearTimeout(this.#timer);
    });
  }

  get bytesIn(): number {
    return this.#source.count;
  }

  /** Serves it to its end; what a client does wrong ends up in `problem`. */
  async serve(): Promise<void> {
    try {
      if (await this.#shakeHands()) while (await this.#readChunk());
    } catch (error) {
      this.problem = error instanceof Error ? error.message : String(error);
    }
    if (!this.#frozen) this.#socket.destroy();
  }

  async #shakeHands(): Promise<boolean> {
    const hello = await this.#source.take(1 + 1536);
    if (hello === null) return false;
    if (hello[0] !== 3) throw new Error("the client's version is not 3");
    if (!this.#mayAnswer("handshake")) return true;
    const own = Buffer.concat([Buffer.alloc(8), randomBytes(1528)]);
    this.#write(Buffer.concat([Buffer.of(3), own, hello.subarray(1)]));
    const echo = await this.#source.take(1536);
    if (echo === null) return false;
    if (!echo.subarray(8).equals(own.subarray(8))) throw new Error("C2 does not echo S1");
    return true;
  }

  /** False where the behaviour has something else in store for this step. */
  #mayAnswer(step: RtmpServerStep): boolean {
    const { silentFrom, closeAt, nonsenseAt } = this.#behaviour;
    if (silentFrom === step) this.#silent = true;
    if (closeAt === step) this.#socket.end();
    if (nonsenseAt === step) this.#write(randomBytes(4000).fill(0xd5, 0, 64));
    return !this.#silent && closeAt !== step && nonsenseAt !== step;
  }

  async #readChunk(): Promise<boolean> {
    if (this.#frozen) return false;
    const basic = await this.#source.take(1);
    if (basic === null) return false;
    const format = (basic[0] ?? 0) >> 6;
    let id = (basic[0] ?? 0) & 63;
    if (id < 2) id = 64 + ((await this.#source.take(id + 1))?.readUIntLE(0, id + 1) ?? 0);
    const header = await this.#source.take([11, 7, 3, 0][format] ?? 0);
    if (header === null) return false;
    const chunk = this.#chunks.get(id) ?? { timestamp: 0, delta: 0, length: 0, type: 0, extended: false, parts: [] };
    this.#chunks.set(id, chunk);
    if (format < 3) {
      if (chunk.parts.length > 0) throw new Error("a message began inside another");
      chunk.delta = header.readUIntBE(0, 3);
      chunk.extended = chunk.delta === 0xffffff;
    }
    if (format < 2) {
      chunk.length = header.readUIntBE(3, 3);
      chunk.type = header.readUInt8(6);
    }
    if (chunk.extended) {
      const time = await this.#source.take(4);
      if (time === null) return false;
      chunk.delta = time.readUInt32BE();
    }
    if (chunk.parts.length === 0) chunk.timestamp = format === 0 ? chunk.delta : (chunk.timestamp + chunk.delta) >>> 0;
    const had = chunk.parts.reduce((sum, part) => sum + part.length, 0);
    const part = await this.#source.take(Math.min(this.#chunkSize, chunk.length - had));
    if (part === null) return false;
    chunk.parts.push(part);
    this.#acknowledge();
    if (had + part.length < chunk.length) return true;
    const payload = Buffer.concat(chunk.parts);
    chunk.parts = [];
    this.#message(chunk.type, chunk.timestamp, payload);
    return true;
  }

  #acknowledge(): void {
    if (this.#window === 0 || this.#behaviour.acknowledge === false || this.#silent) return;
    if (this.bytesIn - this.#lastAcknowledged < this.#window) return;
    this.#lastAcknowledged = this.bytesIn;
    this.acknowledgements += 1;
    this.#say(3, uint32(this.bytesIn));
  }

  #message(type: number, timestamp: number, payload: Buffer): void {
    const kind = mediaKinds[type];
    if (kind !== undefined) {
      if (!this.publishing) this.problem = "media before NetStream.Publish.Start";
      this.media.push({
        kind,
        timestamp,
        size: payload.length,
        at: performance.now(),
        payload: this.#keepPayloads ? payload : Buffer.alloc(0),
      });
    } else if (type === 1) {
      this.#chunkSize = payload.readUInt32BE();
    } else if (type === 5) {
      this.#window = payload.readUInt32BE();
      this.windows.push(this.#window);
    } else if (type === 20) {
      const [name, transaction, ...values] = parseAmf(payload);
      if (typeof name !== "string" || typeof transaction !== "number") throw new Error("a command without a name");
      this.commands.push({ name, transaction, values });
      this.#command({ name, transaction, values });
    }
  }

  #command({ name, transaction, values }: ReceivedCommand): void {
    if (name === "connect") this.#connect(transaction, values[0]);
    else if (name === "createStream" && this.#mayAnswer("createStream"))
      this.#sayCommand("_result", transaction, [null, 1]);
    else if (name === "publish") this.#publish(values[1]);
    else if (name === "FCUnpublish" || name === "deleteStream") this.saidGoodbye = true;
  }

  #connect(transaction: number, about: Amf): void {
    if (typeof about === "object" && about !== null && !Array.isArray(about)) {
      this.app = String(about["app"]);
      this.tcUrl = String(about["tcUrl"]);
    }
    if (!this.#mayAnswer("connect")) return;
    this.#say(5, uint32(2_500_000));
    this.#say(6, Buffer.concat([uint32(2_500_000), Buffer.of(2)]));
    const { refuse } = this.#behaviour;
    if (refuse?.at === "connect") {
      this.#sayCommand("_error", transaction, [
        null,
        { level: "error", code: refuse.code, description: refuse.description },
      ]);
      this.#socket.end();
      return;
    }
    const status = { level: "status", code: "NetConnection.Connect.Success", description: "Connection succeeded." };
    this.#sayCommand("_result", transaction, [{ fmsVer: "FMS/3,0,1,123", capabilities: 31 }, status]);
    // A ping: clients must answer it.
    this.#say(4, Buffer.from("000600001234", "hex"));
  }

  #publish(streamName: Amf): void {
    this.streamName = typeof streamName === "string" ? streamName : null;
    if (!this.#mayAnswer("publish")) return;
    const { refuse, afterStart } = this.#behaviour;
    if (refuse?.at === "publish") {
      this.#sayStatus("error", refuse.code, refuse.description.replace("{key}", this.streamName ?? ""));
      this.#socket.end();
      return;
    }
    this.publishing = true;
    this.publishingAt = performance.now();
    this.#sayStatus("status", "NetStream.Publish.Start", `${this.streamName ?? ""} is now published.`);
    if (afterStart !== undefined) this.#timer = setTimeout(() => this.#act(afterStart), afterStart.ms);
  }

  #act({ action, status }: NonNullable<RtmpServerBehaviour["afterStart"]>): void {
    if (status !== undefined) this.#sayStatus("error", status.code, status.description);
    if (action === "close") this.#socket.end();
    else if (action === "reset") this.#socket.resetAndDestroy();
    else if (action === "nonsense") this.#write(Buffer.alloc(4000, 0xd5));
    else {
      this.#frozen = true;
      // Without a listener for "readable" the socket stops once its buffer is full.
      this.#socket.removeAllListeners("readable");
      this.#socket.pause();
    }
  }

  #sayStatus(level: string, code: string, description: string): void {
    this.#sayCommand("onStatus", 0, [null, { level, code, description }], 1);
  }

  #sayCommand(name: string, transaction: number, values: readonly Amf[], streamId = 0): void {
    this.#say(20, formatAmf([name, transaction, ...values]), streamId);
  }

  /** One message in chunks of 128 bytes: what a client must expect of a server that says nothing else. */
  #say(type: number, payload: Buffer, streamId = 0): void {
    const header = Buffer.alloc(12);
    header.writeUInt8(type === 20 ? 3 : 2);
    header.writeUIntBE(payload.length, 4, 3);
    header.writeUInt8(type, 7);
    header.writeUInt32LE(streamId, 8);
    const parts = [header, payload.subarray(0, 128)];
    for (let at = 128; at < payload.length; at += 128)
      parts.push(Buffer.of(0xc0 | (header[0] ?? 0)), payload.subarray(at, at + 128));
    this.#write(Buffer.concat(parts));
  }

  #write(bytes: Buffer): void {
    if (!this.#silent && this.#socket.writable) this.#socket.write(bytes);
  }
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value % 2 ** 32);
  return bytes;
}
