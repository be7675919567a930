import { decodeAmf0, encodeAmf0, type AmfValue } from "./amf0.ts";
import { defaultChunkSize, messageType, type RawMessage } from "./chunk.ts";
import { ChunkReader } from "./chunk-reader.ts";
import { writeChunks } from "./chunk-writer.ts";
import { RtmpProtocolError } from "./errors.ts";
import { ClientHandshake } from "./handshake.ts";
import { openSocket, type OpenedSocket, type SocketStage, type SocketTarget } from "./socket.ts";

export type Command = {
  readonly name: string;
  readonly transactionId: number;
  /** The command object and what follows it. */
  readonly values: readonly AmfValue[];
};

/** How a connection ended, as seen on the wire. */
export type ConnectionEnd = {
  /** `handshake`: open, and no answer to our hello yet. `rtmp`: chunks were flowing. */
  readonly stage: Exclude<SocketStage, "open"> | "handshake" | "rtmp";
  /** The socket's error, a protocol error, or null where the peer (or we) just closed it. */
  readonly error: Error | null;
  readonly timedOut: boolean;
};

export type ConnectionListener = {
  /** TCP, and TLS where wanted, stand. */
  readonly onOpen: () => void;
  /** The handshake is done. */
  readonly onReady: () => void;
  readonly onCommand: (command: Command) => void;
  /** Audio, video and AMF0 data. */
  readonly onMedia: (message: RawMessage) => void;
  readonly onAcknowledgement: (sequence: number) => void;
  /** Exactly once, last of all. */
  readonly onEnd: (end: ConnectionEnd) => void;
};

export type ConnectionOptions = {
  readonly target: SocketTarget;
  readonly connectTimeoutMs: number;
  readonly maxMessageBytes: number;
};

const pingRequest = 6;
const pingResponse = 7;
const controlChunkStream = 2;
const commandChunkStream = 3;

/** One RTMP connection as a client: handshake, chunks and protocol control, no opinion on what is done with it. */
export class RtmpConnection {
  readonly #opened: OpenedSocket;
  readonly #listener: ConnectionListener;
  readonly #handshake = new ClientHandshake();
  readonly #reader: ChunkReader;
  #connectTimer: NodeJS.Timeout | null;
  #closeTimer: NodeJS.Timeout | null = null;
  #ready = false;
  #corked = false;
  #timedOut = false;
  #error: Error | null = null;
  #chunkSize = defaultChunkSize;
  #received = 0;
  #acknowledged = 0;
  /** How often the peer wants to hear what we received; 0: never said. */
  #peersWindow = 0;
  #window = 0;
  #written = 0;

  constructor(options: ConnectionOptions, listener: ConnectionListener) {
    this.#listener = listener;
    this.#reader = new ChunkReader(options.maxMessageBytes, (message) => this.#receive(message));
    this.#opened = openSocket(options.target, () => this.#open());
    this.#connectTimer = setTimeout(() => {
      this.#timedOut = true;
      this.destroy();
    }, options.connectTimeoutMs);
    const { socket } = this.#opened;
    socket.on("data", (data: Buffer) => this.#read(data));
    socket.on("error", (error) => {
      this.#error ??= error;
    });
    // A peer that says goodbye reads no more: not waited for until our queue has left.
    socket.once("end", () => socket.destroy());
    socket.once("close", () => this.#ended());
  }

  /** Bytes handed to the socket, the handshake included. */
  get writtenBytes(): number {
    return this.#written;
  }

  /** Bytes that wait in this process. */
  get queuedBytes(): number {
    return this.#opened.socket.writableLength;
  }

  /** As it was when connecting, ms; null before. */
  get roundTripMs(): number | null {
    return this.#opened.roundTripMs();
  }

  get receivedBytes(): number {
    return this.#received;
  }

  /** Our end of the connection, to find it in the kernel's tables; null while not connected. */
  get endpoints(): { readonly localPort: number; readonly remotePort: number; readonly remoteIp: string } | null {
    const { localPort, remotePort, remoteAddress } = this.#opened.socket;
    if (localPort === undefined || remotePort === undefined || remoteAddress === undefined) return null;
    return { localPort, remotePort, remoteIp: remoteAddress };
  }

  command(name: string, transactionId: number, values: readonly AmfValue[], streamId = 0): void {
    const payload = encodeAmf0([name, transactionId, ...values]);
    this.#control(commandChunkStream, messageType.commandAmf0, payload, streamId);
  }

  /** Both for what follows on this connection: our chunk size, and how often the peer should acknowledge. */
  setChunkSize(bytes: number): void {
    this.#control(controlChunkStream, messageType.setChunkSize, uint32(bytes));
    this.#chunkSize = bytes;
  }

  setWindow(bytes: number): void {
    this.#window = bytes;
    this.#control(controlChunkStream, messageType.windowAcknowledgementSize, uint32(bytes));
  }

  userControl(event: number, data: Buffer): void {
    this.#control(
      controlChunkStream,
      messageType.userControl,
      Buffer.concat([Buffer.of(event >> 8, event & 0xff), data]),
    );
  }

  /** Chunks made elsewhere; everything written in one turn leaves in one system call. */
  write(chunks: Buffer): void {
    const { socket } = this.#opened;
    if (!socket.writable) return;
    if (!this.#corked) {
      this.#corked = true;
      socket.cork();
      process.nextTick(() => {
        this.#corked = false;
        socket.uncork();
      });
    }
    this.#written += chunks.length;
    socket.write(chunks);
  }

  /** Closes once everything written has left, at the latest after `deadlineMs`. */
  end(deadlineMs: number): void {
    if (!this.#ready) {
      this.destroy();
      return;
    }
    this.#reader.stop();
    this.#closeTimer ??= setTimeout(() => this.destroy(), deadlineMs);
    this.#opened.socket.end();
  }

  destroy(error: Error | null = null): void {
    this.#error ??= error;
    this.#reader.stop();
    this.#opened.socket.destroy();
  }

  #open(): void {
    this.#clearConnectTimer();
    this.write(this.#handshake.hello);
    this.#listener.onOpen();
  }

  #read(data: Buffer): void {
    this.#received += data.length;
    try {
      if (this.#ready) {
        this.#reader.push(data);
      } else {
        const answer = this.#handshake.push(data);
        if (answer === null) return;
        this.#ready = true;
        this.write(answer.reply);
        this.#listener.onReady();
        this.#reader.push(answer.rest);
      }
      this.#acknowledge();
    } catch (error) {
      if (!(error instanceof RtmpProtocolError)) throw error;
      this.destroy(error);
    }
  }

  #acknowledge(): void {
    if (this.#peersWindow === 0 || this.#received - this.#acknowledged < this.#peersWindow) return;
    this.#acknowledged = this.#received;
    this.#control(controlChunkStream, messageType.acknowledgement, uint32(this.#received));
  }

  #receive(message: RawMessage): void {
    const { payload } = message;
    switch (message.type) {
      case messageType.audio:
      case messageType.video:
      case messageType.dataAmf0:
        this.#listener.onMedia(message);
        return;
      case messageType.dataAmf3:
        this.#listener.onMedia({ ...message, type: messageType.dataAmf0, payload: payload.subarray(1) });
        return;
      case messageType.commandAmf0:
        this.#receiveCommand(payload);
        return;
      case messageType.commandAmf3:
        // Peers that speak AMF3 still say their commands in AMF0, after one byte.
        this.#receiveCommand(payload.subarray(1));
        return;
      case messageType.acknowledgement:
        this.#listener.onAcknowledgement(readUint32(payload, 0));
        return;
      case messageType.windowAcknowledgementSize:
        this.#peersWindow = readUint32(payload, 0);
        return;
      case messageType.setPeerBandwidth:
        // Section 5.4.5 wants our window in answer.
        if (this.#window > 0) this.setWindow(this.#window);
        return;
      case messageType.userControl:
        if (payload.length >= 6 && payload.readUInt16BE(0) === pingRequest) {
          this.userControl(pingResponse, payload.subarray(2, 6));
        }
        return;
      default:
      // Aggregates, shared objects and whatever comes: nothing that a client must understand.
    }
  }

  #receiveCommand(payload: Buffer): void {
    const [name, transactionId, ...values] = decodeAmf0(payload);
    if (typeof name !== "string") throw new RtmpProtocolError("a command has no name");
    // ffmpeg's onFCPublish has no number.
    this.#listener.onCommand({ name, transactionId: typeof transactionId === "number" ? transactionId : 0, values });
  }

  #control(chunkStreamId: number, type: number, payload: Buffer, streamId = 0): void {
    this.write(writeChunks({ chunkStreamId, type, streamId, timestamp: 0, payload }, this.#chunkSize));
  }

  #clearConnectTimer(): void {
    if (this.#connectTimer !== null) clearTimeout(this.#connectTimer);
    this.#connectTimer = null;
  }

  #ended(): void {
    this.#clearConnectTimer();
    if (this.#closeTimer !== null) clearTimeout(this.#closeTimer);
    const socketStage = this.#opened.stage();
    const stage = socketStage !== "open" ? socketStage : this.#ready ? "rtmp" : "handshake";
    this.#listener.onEnd({ stage, error: this.#error, timedOut: this.#timedOut });
  }
}

function uint32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value % 2 ** 32);
  return bytes;
}

function readUint32(payload: Buffer, at: number): number {
  if (payload.length < at + 4) throw new RtmpProtocolError("a control message is too short");
  return payload.readUInt32BE(at);
}
