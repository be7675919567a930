import { AV_LOG_QUIET, AV_PKT_FLAG_KEY } from "node-av/constants";
import { Dictionary, FFmpegError, FormatContext, Log, Packet } from "node-av/lib";
import type { CloseReason } from "../rtmp/errors.ts";
import type { MediaMessage } from "../rtmp/message.ts";
import { addMessageStream, milliseconds, readMessage } from "./message-stream.ts";
import type { MessageKind, MessageStream } from "./message-stream.ts";

/** For connecting, and for each write. */
const ioTimeoutMs = 4_000;
const closeTimeoutMs = 1_000;
const maxQueueBytes = 4 * 1024 * 1024;

// FFmpeg prints URLs, and these hold the router's internal password.
Log.setLevel(AV_LOG_QUIET);

export type RtspListener = {
  /** The server records: what was sent since the first keyframe goes there. */
  readonly onPublishing: () => void;
  /** Over, once and for all; null when it was closed by `close`. The owner publishes anew after a while. */
  readonly onClosed: (reason: CloseReason | null) => void;
};

export type RtspPublisher = {
  /** Never blocks and never throws; ignored after the end. */
  readonly send: (message: MediaMessage) => void;
  /** `onClosed(null)` follows, at the latest when a write's deadline has passed. */
  readonly close: () => void;
  /** Left out because the server took too little. */
  readonly droppedFrames: number;
};

/**
 * Publishes H.264 with AAC or Opus by RTSP over TCP (RFC 2326, RFC 7826 where
 * servers agree on it). Send it the configuration messages of both first: it
 * connects at the first message after them, so that readers may come, and sends
 * from the first keyframe on. Other configurations than those it
 * began with need another session: it then ends, and its owner begins anew.
 */
export function publishRtsp(url: string, listener: RtspListener): RtspPublisher {
  return new RtspOutput(url, listener);
}

type Session = { readonly context: FormatContext; readonly streams: Readonly<Record<MessageKind, MessageStream>> };

/**
 * FFmpeg's muxer connects in `writeHeader` and blocks a thread of the pool, never
 * the event loop, while it does and while it writes; each has a deadline.
 */
class RtspOutput implements RtspPublisher {
  readonly #url: string;
  readonly #listener: RtspListener;
  readonly #configurations: Record<MessageKind, MediaMessage | null> = { video: null, audio: null };
  #queue: MediaMessage[] = [];
  #queuedBytes = 0;
  #state: "waiting" | "running" | "ended" = "waiting";
  #needsKeyframe = true;
  #isClosing = false;
  #droppedFrames = 0;
  #wake: (() => void) | null = null;
  #context: FormatContext | null = null;
  #closeTimer: NodeJS.Timeout | null = null;

  constructor(url: string, listener: RtspListener) {
    this.#url = url;
    this.#listener = listener;
  }

  get droppedFrames(): number {
    return this.#droppedFrames;
  }

  send(message: MediaMessage): void {
    const { kind } = message;
    if (kind === "data" || this.#isClosing || this.#state === "ended") return;
    if (message.configuration) {
      this.#configure(kind, message);
      return;
    }
    const { video, audio } = this.#configurations;
    if (video === null || audio === null) return;
    if (this.#state === "waiting") {
      this.#state = "running";
      void this.#run(video, audio);
    }
    if (this.#needsKeyframe) {
      if (kind !== "video" || !message.keyframe) {
        // Before the first keyframe nothing is missed.
        if (this.#droppedFrames > 0) this.#droppedFrames += 1;
        return;
      }
      this.#needsKeyframe = false;
    }
    this.#queue.push(message);
    this.#queuedBytes += message.payload.length;
    if (this.#queuedBytes > maxQueueBytes) this.#shed();
    this.#wake?.();
  }

  close(): void {
    if (this.#isClosing || this.#state === "ended") return;
    this.#isClosing = true;
    this.#wake?.();
    if (this.#state === "waiting") this.#end(null);
    // What still blocks is given up.
    else this.#closeTimer = setTimeout(() => this.#context?.interrupt(), closeTimeoutMs);
  }

  #configure(kind: MessageKind, message: MediaMessage): void {
    const known = this.#configurations[kind];
    if (this.#state === "waiting" || known === null) this.#configurations[kind] = message;
    else if (!known.payload.equals(message.payload)) this.close();
  }

  /** Connects, writes until closed or lost, and closes. Never rejects. */
  async #run(video: MediaMessage, audio: MediaMessage): Promise<void> {
    let reason: CloseReason | null = null;
    const context = new FormatContext();
    this.#context = context;
    try {
      const session = await begin(context, this.#url, { video, audio });
      if (!this.#isClosing) this.#listener.onPublishing();
      await this.#writeAll(session);
      await context.writeTrailer();
    } catch (error) {
      reason = lost(error);
    }
    if (this.#closeTimer !== null) clearTimeout(this.#closeTimer);
    this.#context = null;
    context.freeContext();
    this.#end(reason);
  }

  async #writeAll(session: Session): Promise<void> {
    while (!this.#isClosing) {
      const message = this.#queue.shift();
      if (message === undefined) {
        await new Promise<void>((resolve) => {
          this.#wake = resolve;
        });
        this.#wake = null;
        continue;
      }
      this.#queuedBytes -= message.payload.length;
      await write(session, message);
    }
  }

  /** The server takes too little: go on at the next keyframe. */
  #shed(): void {
    this.#droppedFrames += this.#queue.length;
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#needsKeyframe = true;
  }

  #end(reason: CloseReason | null): void {
    this.#state = "ended";
    this.#queue = [];
    this.#listener.onClosed(this.#isClosing ? null : reason);
  }
}

async function begin(
  context: FormatContext,
  url: string,
  configurations: Readonly<Record<MessageKind, MediaMessage>>,
): Promise<Session> {
  FFmpegError.throwIfError(context.allocOutputContext2(null, "rtsp", url), "rtsp");
  const video = addMessageStream(context, "video", configurations.video);
  const audio = addMessageStream(context, "audio", configurations.audio);
  if (video === null || audio === null) throw new Error("a codec that RTSP is not spoken with");
  const options = Dictionary.fromObject({ rtsp_transport: "tcp", timeout: ioTimeoutMs * 1_000, pkt_size: 1_400 });
  FFmpegError.throwIfError(await context.writeHeader(options), "connect");
  return { context, streams: { video, audio } };
}

async function write({ context, streams }: Session, message: MediaMessage): Promise<void> {
  const { kind } = message;
  if (kind === "data") return;
  const { body, compositionTime } = readMessage(kind, message.payload);
  if (body.length === 0) return;
  const { stream } = streams[kind];
  using packet = new Packet();
  packet.alloc();
  packet.data = body;
  packet.streamIndex = stream.index;
  const dts = Math.round(message.timestamp);
  packet.dts = BigInt(dts);
  packet.pts = BigInt(dts + compositionTime);
  if (kind === "audio" || message.keyframe) packet.setFlags(AV_PKT_FLAG_KEY);
  packet.rescaleTs(milliseconds, stream.timeBase);
  FFmpegError.throwIfError(await context.writeFrame(packet), "write");
}

function lost(error: unknown): CloseReason {
  if (!(error instanceof FFmpegError))
    return { code: "protocol_error", message: "This stream cannot be sent by RTSP." };
  return { code: "connect_failed", message: "The router refused the program, or does not answer." };
}
