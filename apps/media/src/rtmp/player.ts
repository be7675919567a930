import { amfObject } from "./amf0.ts";
import { messageType, type RawMessage } from "./chunk.ts";
import { RtmpConnection, type Command, type ConnectionEnd } from "./connection.ts";
import { endReason, type SessionStage } from "./end-reason.ts";
import type { CloseReason } from "./errors.ts";
import { mendFrameType } from "./frame-type.ts";
import { readAudioTag, readVideoTag } from "./media-tag.ts";
import type { MediaMessage } from "./message.ts";
import { quoter, readStatus, refusal, type Status } from "./refusal.ts";

export type PlayTarget = {
  /** An IP address. */
  readonly host: string;
  readonly port: number;
  readonly app: string;
  /** With its query. Secret: never in a message or a log. */
  readonly streamName: string;
  /** The name that the certificate must be for; none: no TLS. */
  readonly tls?: { readonly serverName: string } | null;
  /** As the server is told; made of the address unless given. */
  readonly tcUrl?: string;
  /** TCP, ms. Default 5000. */
  readonly connectTimeoutMs?: number;
  /** From the open connection to the first audio or video message, ms. Default 10000. */
  readonly firstMediaTimeoutMs?: number;
};

export type PlayListener = {
  /** In the order of arrival; timestamps unwrapped. */
  readonly onMessage: (message: MediaMessage) => void;
  /** Exactly once, last of all; null when `close()` ended it. */
  readonly onClosed: (reason: CloseReason | null) => void;
};

export type RtmpPlayer = {
  readonly receivedBytes: number;
  close(): void;
};

/** Connects and plays; every outcome arrives at the listener, nothing is thrown. */
export function playRtmp(target: PlayTarget, listener: PlayListener): RtmpPlayer {
  return new Player(target, listener);
}

const transaction = { connect: 1, createStream: 2, play: 3 } as const;
const maxMessageBytes = 16 << 20;
const goodbyeMs = 500;
const setBufferLength = 3;
/** What MediaMTX and others may send by Enhanced RTMP, and would hold back unasked. */
const fourCcList = ["avc1", "hvc1", "av01", "vp08", "vp09", "mp4a", "Opus", ".mp3"];

class Player implements RtmpPlayer {
  readonly #target: PlayTarget;
  readonly #listener: PlayListener;
  readonly #connection: RtmpConnection;
  readonly #quote: (text: string) => string;
  #mediaTimer: NodeJS.Timeout | null = null;
  #stage: SessionStage = "connect";
  #streamId = 0;
  #lastTimestamp: number | null = null;
  #unwrapped = 0;
  #reason: CloseReason | null = null;
  #closing = false;

  constructor(target: PlayTarget, listener: PlayListener) {
    this.#target = target;
    this.#listener = listener;
    this.#quote = quoter([target.streamName]);
    const address = { ip: target.host, port: target.port, family: target.host.includes(":") ? 6 : 4 } as const;
    this.#connection = new RtmpConnection(
      {
        target: { address, tls: target.tls ?? null },
        connectTimeoutMs: target.connectTimeoutMs ?? 5000,
        maxMessageBytes,
      },
      {
        onOpen: () => this.#awaitMedia(),
        onReady: () => this.#connect(),
        onCommand: (command) => this.#command(command),
        onMedia: (message) => this.#media(message),
        onAcknowledgement: () => undefined,
        onEnd: (end) => this.#ended(end),
      },
    );
  }

  get receivedBytes(): number {
    return this.#connection.receivedBytes;
  }

  close(): void {
    if (this.#closing || this.#reason !== null) return;
    this.#closing = true;
    if (this.#streamId !== 0) this.#connection.command("deleteStream", 0, [null, this.#streamId]);
    this.#connection.end(goodbyeMs);
  }

  #awaitMedia(): void {
    this.#mediaTimer = setTimeout(
      () => this.#fail({ code: "connect_failed", message: "The server sent no media in time." }),
      this.#target.firstMediaTimeoutMs ?? 10_000,
    );
  }

  #connect(): void {
    const { app, host, port, tcUrl } = this.#target;
    const name = host.includes(":") ? `[${host}]` : host;
    this.#connection.command("connect", transaction.connect, [
      amfObject({
        app,
        flashVer: "LNX 9,0,124,2",
        tcUrl: tcUrl ?? `rtmp://${name}:${port}/${app}`,
        fpad: false,
        fourCcList,
      }),
    ]);
  }

  #command(command: Command): void {
    const { name, transactionId, values } = command;
    if (name === "_result" && transactionId === transaction.connect && this.#stage === "connect") {
      this.#stage = "start";
      this.#connection.command("createStream", transaction.createStream, [null]);
    } else if (name === "_result" && transactionId === transaction.createStream && this.#streamId === 0) {
      this.#play(values[1]);
    } else if (name === "_error") {
      this.#refused(readStatus(values));
    } else if (name === "onStatus") {
      const status = readStatus(values);
      if (status?.level === "error" || status?.code === "NetStream.Play.StreamNotFound") this.#refused(status);
    }
  }

  #play(streamId: unknown): void {
    if (typeof streamId !== "number" || !Number.isInteger(streamId) || streamId < 1 || streamId > 0xffffffff) {
      this.#fail({ code: "protocol_error", message: "The server made no stream that can be used." });
      return;
    }
    this.#streamId = streamId;
    const liveOrRecorded = -2;
    this.#connection.command("play", transaction.play, [null, this.#target.streamName, liveOrRecorded], streamId);
    const buffer = Buffer.alloc(8);
    buffer.writeUInt32BE(streamId, 0);
    buffer.writeUInt32BE(1000, 4);
    this.#connection.userControl(setBufferLength, buffer);
  }

  #media(raw: RawMessage): void {
    if (this.#closing || this.#reason !== null || raw.payload.length === 0) return;
    const timestamp = this.#unwrap(raw.timestamp);
    const { payload } = raw;
    if (raw.type === messageType.dataAmf0) {
      this.#listener.onMessage({ kind: "data", timestamp, payload, keyframe: false, configuration: false });
      return;
    }
    this.#stage = "flowing";
    this.#clearMediaTimer();
    const kind = raw.type === messageType.video ? "video" : "audio";
    if (kind === "video") mendFrameType(payload);
    const { keyframe, configuration } = kind === "video" ? readVideoTag(payload) : readAudioTag(payload);
    this.#listener.onMessage({ kind, timestamp, payload, keyframe, configuration });
  }

  /** The 32-bit field goes round every 49.7 days; what is nearer behind than ahead went back (RTMP 1.0, section 3). */
  #unwrap(timestamp: number): number {
    this.#unwrapped += this.#lastTimestamp === null ? timestamp : (timestamp - this.#lastTimestamp) | 0;
    this.#lastTimestamp = timestamp;
    return this.#unwrapped;
  }

  #refused(status: Status | null): void {
    const code = this.#stage === "connect" ? "auth_refused" : "closed_by_peer";
    this.#fail(refusal(status, this.#quote, { code, message: "The server does not play this stream." }));
  }

  #fail(reason: CloseReason): void {
    this.#reason ??= reason;
    this.#connection.destroy();
  }

  #ended(end: ConnectionEnd): void {
    this.#clearMediaTimer();
    this.#listener.onClosed(this.#closing ? null : (this.#reason ?? endReason(end, this.#stage, Infinity)));
  }

  #clearMediaTimer(): void {
    if (this.#mediaTimer !== null) clearTimeout(this.#mediaTimer);
    this.#mediaTimer = null;
  }
}
