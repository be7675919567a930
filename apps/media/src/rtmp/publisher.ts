import { amfObject } from "./amf0.ts";
import { RtmpConnection, type Command, type ConnectionEnd } from "./connection.ts";
import { Delivery } from "./delivery.ts";
import { endReason, type SessionStage } from "./end-reason.ts";
import type { CloseReason } from "./errors.ts";
import { type Endpoints, type KernelQueue, watchKernelQueue } from "./kernel-queue.ts";
import { outgoingChunkSize, type OutgoingMessage } from "./outgoing.ts";
import { quoter, readStatus, refusal, type Status } from "./refusal.ts";

export type PublishTarget = {
  /** Where to connect: this very address, which the caller has checked. */
  readonly address: { readonly ip: string; readonly port: number; readonly family: 4 | 6 };
  /** `serverName` is what the certificate must be for; `ca` (PEM) replaces the system's roots. */
  readonly tls: null | { readonly serverName: string; readonly ca?: string };
  readonly tcUrl: string;
  readonly app: string;
  /** The stream key with its query. Secret: never in a message or a log. */
  readonly streamName: string;
  /** FourCCs to announce (Enhanced RTMP), for HEVC, AV1, VP9 or Opus; leave out for H.264 and AAC. */
  readonly fourCcList?: readonly string[];
  /** TCP and TLS, ms. Default 5000. */
  readonly connectTimeoutMs?: number;
  /** From the open connection to NetStream.Publish.Start, ms. Default 8000. */
  readonly startTimeoutMs?: number;
  /** How long a peer that owes us may take nothing, ms. Default 5000. */
  readonly writeTimeoutMs?: number;
  /** Bytes that may wait in this process before video is dropped. Default 4 MiB. */
  readonly maxQueueBytes?: number;
};

export type PublishListener = {
  /** NetStream.Publish.Start was seen: send configuration, then from a keyframe on. Not yet proof of acceptance. */
  readonly onPublishing: () => void;
  /** The first time that the peer is known to take media. */
  readonly onTaken: () => void;
  /** Exactly once, last of all; null when `close()` ended it. */
  readonly onClosed: (reason: CloseReason | null) => void;
};

export type Taken = {
  /** Bytes the peer took: acknowledged where it acknowledges, else what left this machine's send queue. */
  readonly takenBytes: number;
  /** `performance.now()` of the last evidence that the peer took bytes; null before any. */
  readonly takenAt: number | null;
  /** Whether the peer has ever sent an Acknowledgement. */
  readonly acknowledges: boolean;
};

export type RtmpPublisher = {
  /** Ignored before `onPublishing` and after the end. */
  send(message: OutgoingMessage): void;
  taken(): Taken;
  readonly queuedBytes: number;
  /** Video and audio frames not sent because the queue was full. */
  readonly droppedFrames: number;
  readonly writtenBytes: number;
  /** To the server and back, as it was when connecting, ms; null before. */
  readonly roundTripMs: number | null;
  /** Politely (FCUnpublish, deleteStream), with a deadline; `onClosed(null)` follows. */
  close(): void;
};

/** Connects and publishes; every outcome arrives at the listener, nothing is thrown. */
export function publishRtmp(target: PublishTarget, listener: PublishListener): RtmpPublisher {
  return new Publisher(target, listener);
}

const transaction = { connect: 1, releaseStream: 2, fcPublish: 3, createStream: 4, publish: 5 } as const;

/** Servers have little to say to a publisher. */
const maxAnswerBytes = 1 << 20;
const goodbyeMs = 1000;
/** Audio, which is small and dearly missed, is kept this much longer than video. */
const audioQueueFactor = 1.25;
/**
 * A peer that never acknowledges is believed after this long and this much, or
 * after the longer time alone. A program that reads nothing has its kernel
 * take 130 kB for it (Linux), and its own buffers some more.
 */
const believe = { afterMs: 3000, bytes: 512 * 1024, anywayMs: 10_000, freshMs: 1500 } as const;

class Publisher implements RtmpPublisher {
  readonly #target: PublishTarget;
  readonly #listener: PublishListener;
  readonly #connection: RtmpConnection;
  readonly #delivery: Delivery;
  readonly #quote: (text: string) => string;
  readonly #maxQueueBytes: number;
  #startTimer: NodeJS.Timeout | null = null;
  #stopWatching: (() => void) | null = null;
  #stage: SessionStage = "connect";
  #startedAt = 0;
  #streamId = 0;
  /** What had left this process when the kernel was last asked. */
  #leftHere = 0;
  #takenBytes = 0;
  #droppedFrames = 0;
  #skippingToKeyframe = false;
  /** When the first media was written, and how much had been before it. */
  #firstMedia: { readonly at: number; readonly writtenBefore: number } | null = null;
  #lastStatus: Status | null = null;
  #reason: CloseReason | null = null;
  #closing = false;

  constructor(target: PublishTarget, listener: PublishListener) {
    this.#target = target;
    this.#listener = listener;
    this.#maxQueueBytes = target.maxQueueBytes ?? 4 * 1024 * 1024;
    this.#delivery = new Delivery(target.writeTimeoutMs ?? 5000);
    this.#quote = quoter([target.streamName, ...queryOf(target.tcUrl), ...queryOf(target.app)]);
    const connectTimeoutMs = target.connectTimeoutMs ?? 5000;
    this.#connection = new RtmpConnection(
      { target, connectTimeoutMs, maxMessageBytes: maxAnswerBytes },
      {
        onOpen: () => this.#awaitStart(),
        onReady: () => this.#connect(),
        onCommand: (command) => this.#command(command),
        onMedia: () => undefined,
        onAcknowledgement: (sequence) => this.#acknowledged(sequence),
        onEnd: (end) => this.#ended(end),
      },
    );
  }

  get queuedBytes(): number {
    return this.#connection.queuedBytes;
  }

  get droppedFrames(): number {
    return this.#droppedFrames;
  }

  get roundTripMs(): number | null {
    return this.#connection.roundTripMs;
  }

  get writtenBytes(): number {
    return this.#connection.writtenBytes;
  }

  /**
   * Nothing counts as taken before the peer is known to take media: until it
   * has said so, its kernel may have taken what it never reads. Never less than before.
   */
  taken(): Taken {
    const delivered = this.#delivery.delivered();
    if (this.#stage === "flowing") this.#takenBytes = Math.max(this.#takenBytes, delivered.takenBytes);
    return { ...delivered, takenBytes: this.#takenBytes };
  }

  send(message: OutgoingMessage): void {
    if (this.#closing || this.#reason !== null) return;
    if (this.#stage !== "started" && this.#stage !== "flowing") return;
    if (!this.#hasRoomFor(message)) return;
    const { kind } = message.media;
    if (kind !== "data") this.#firstMedia ??= { at: performance.now(), writtenBefore: this.#connection.writtenBytes };
    this.#connection.write(message.chunks(this.#streamId));
  }

  close(): void {
    if (this.#closing || this.#reason !== null) return;
    this.#closing = true;
    if (this.#stage === "started" || this.#stage === "flowing") {
      this.#connection.command("FCUnpublish", 0, [null, this.#target.streamName]);
      this.#connection.command("deleteStream", 0, [null, this.#streamId]);
      this.#connection.end(goodbyeMs);
    } else {
      this.#connection.destroy();
    }
  }

  /** Once video has been left out, it stays out until a keyframe fits: anything less could not be decoded. */
  #hasRoomFor(message: OutgoingMessage): boolean {
    const { kind, keyframe, configuration } = message.media;
    if (configuration || kind === "data") return true;
    const queued = this.#connection.queuedBytes;
    const full = queued > (kind === "audio" ? audioQueueFactor : 1) * this.#maxQueueBytes;
    const skipped = full || (kind === "video" && this.#skippingToKeyframe && !keyframe);
    if (kind === "video") this.#skippingToKeyframe = skipped;
    if (skipped) this.#droppedFrames += 1;
    return !skipped;
  }

  #awaitStart(): void {
    this.#startTimer = setTimeout(() => {
      const asked = this.#stage === "start" ? "the stream key" : "RTMP";
      this.#fail({ code: "connect_failed", message: `The server is there but did not answer to ${asked} in time.` });
    }, this.#target.startTimeoutMs ?? 8000);
  }

  #connect(): void {
    const { app, tcUrl, fourCcList } = this.#target;
    this.#connection.command("connect", transaction.connect, [
      amfObject({
        app,
        type: "nonprivate",
        flashVer: "FMLE/3.0 (compatible; TRaX)",
        tcUrl,
        // Older servers stumble over an array here, so that only those codecs which need it bring it along.
        ...(fourCcList === undefined ? {} : { fourCcList }),
      }),
    ]);
  }

  #command(command: Command): void {
    const { name, transactionId, values } = command;
    if (name === "_result" && transactionId === transaction.connect) {
      this.#createStream();
    } else if (name === "_result" && transactionId === transaction.createStream) {
      this.#publish(values[1]);
    } else if (name === "_error") {
      // Many servers answer releaseStream and FCPublish with an error and mean nothing by it.
      if (transactionId === transaction.releaseStream || transactionId === transaction.fcPublish) return;
      this.#refused(readStatus(values));
    } else if (name === "onStatus") {
      this.#status(readStatus(values));
    }
  }

  #createStream(): void {
    if (this.#stage !== "connect") return;
    this.#stage = "start";
    const { streamName } = this.#target;
    this.#connection.setWindow(this.#delivery.window);
    this.#connection.setChunkSize(outgoingChunkSize);
    this.#connection.command("releaseStream", transaction.releaseStream, [null, streamName]);
    this.#connection.command("FCPublish", transaction.fcPublish, [null, streamName]);
    this.#connection.command("createStream", transaction.createStream, [null]);
  }

  #publish(streamId: unknown): void {
    if (this.#stage !== "start") return;
    if (typeof streamId !== "number" || !Number.isInteger(streamId) || streamId < 0 || streamId > 0xffffffff) {
      this.#fail({ code: "protocol_error", message: "The server made no stream that can be used." });
      return;
    }
    this.#streamId = streamId;
    this.#connection.command("publish", transaction.publish, [null, this.#target.streamName, "live"], streamId);
  }

  #status(status: Status | null): void {
    if (status === null) return;
    this.#lastStatus = status;
    const { level, code } = status;
    if (code === "NetStream.Publish.Start") {
      if (this.#stage !== "start") return;
      this.#stage = "started";
      this.#startedAt = performance.now();
      this.#clearStartTimer();
      this.#stopWatching = watchKernelQueue({
        ask: () => this.#askKernel(),
        answer: (queue) => this.#second(queue),
      });
      this.#listener.onPublishing();
    } else if (
      code === "NetStream.Publish.BadName" ||
      (level === "error" && /^Net(Stream\.Publish|Connection)\./.test(code))
    ) {
      this.#refused(status);
    } else if (level === "error" && this.#stage === "start") {
      this.#refused(status);
    }
  }

  #refused(status: Status | null): void {
    const otherwise: CloseReason =
      this.#stage === "flowing"
        ? { code: "closed_by_peer", message: "The server ended the stream." }
        : this.#stage === "connect"
          ? { code: "auth_refused", message: "The server refused the connection." }
          : { code: "auth_refused", message: "The server refused the stream." };
    this.#fail(refusal(status, this.#quote, otherwise));
  }

  #acknowledged(sequence: number): void {
    this.#delivery.acknowledge(sequence, performance.now());
    // Counted from the very first byte, so that a peer which leaves the handshake out is believed a little later.
    if (this.#firstMedia !== null && sequence > this.#firstMedia.writtenBefore) this.#tookMedia();
  }

  #askKernel(): Endpoints | null {
    const { writtenBytes, queuedBytes } = this.#connection;
    this.#leftHere = writtenBytes - queuedBytes;
    return this.#delivery.tellsByItself ? null : this.#connection.endpoints;
  }

  #second(kernelQueue: KernelQueue | null): void {
    const now = performance.now();
    const { writtenBytes, queuedBytes } = this.#connection;
    if (kernelQueue !== "missed") {
      if (!this.#delivery.tellsByItself) this.#delivery.sampleQueues(this.#leftHere, kernelQueue ?? 0, now);
    } else if (queuedBytes === 0) {
      // Nothing is known, and nothing waits: no reason to doubt the peer.
      return;
    }
    if (this.#delivery.tick(writtenBytes, now)) {
      this.#fail({ code: "write_timeout", message: "The server stopped taking the stream." });
      return;
    }
    this.#believe(now);
    const window = this.#delivery.nextWindow();
    if (window !== null) this.#connection.setWindow(window);
  }

  /** A peer that never acknowledges: taken for good once enough has left for it, and goes on leaving. */
  #believe(now: number): void {
    if (this.#stage !== "started" || this.#firstMedia === null) return;
    const openMs = now - this.#firstMedia.at;
    const left = this.#delivery.delivered().takenBytes - this.#firstMedia.writtenBefore;
    if (openMs < believe.afterMs || !this.#delivery.tookWithin(believe.freshMs, now)) return;
    if (left > believe.bytes || (left > 0 && openMs >= believe.anywayMs)) this.#tookMedia();
  }

  #tookMedia(): void {
    if (this.#stage !== "started" || this.#closing || this.#reason !== null) return;
    this.#stage = "flowing";
    this.#listener.onTaken();
  }

  #fail(reason: CloseReason): void {
    this.#reason ??= reason;
    this.#connection.destroy();
  }

  #ended(end: ConnectionEnd): void {
    this.#clearStartTimer();
    this.#stopWatching?.();
    if (this.#closing) {
      this.#listener.onClosed(null);
      return;
    }
    const reason = this.#reason ?? endReason(end, this.#stage, performance.now() - this.#startedAt);
    this.#listener.onClosed(this.#withLastWords(reason));
  }

  /** A server that says something and then closes means the one by the other. */
  #withLastWords(reason: CloseReason): CloseReason {
    const status = this.#lastStatus;
    if (this.#reason !== null || status === null || status.code === "NetStream.Publish.Start") return reason;
    return refusal(status, this.#quote, reason);
  }

  #clearStartTimer(): void {
    if (this.#startTimer !== null) clearTimeout(this.#startTimer);
    this.#startTimer = null;
  }
}

/** Some platforms put a secret into the URL's query. */
function queryOf(text: string): string[] {
  const at = text.indexOf("?");
  return at < 0 ? [] : [text.slice(at)];
}
