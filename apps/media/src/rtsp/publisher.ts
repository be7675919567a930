import type { CloseReason } from "../rtmp/errors.ts";
import type { MessageKind } from "../rtmp/message-body.ts";
import type { MediaMessage } from "../rtmp/message.ts";
import { carriedAudio, carriedVideo } from "./carried-track.ts";
import type { CarriedTrack } from "./carried-track.ts";
import { RtspConnection } from "./connection.ts";
import { openingOf } from "./opening.ts";
import { PacketWriter } from "./packets.ts";
import { beginRecording } from "./recording.ts";
import { WaitingMessages } from "./waiting.ts";

/** For connecting, and for each write. */
const ioTimeoutMs = 4_000;
const closeTimeoutMs = 1_000;
const maxQueueBytes = 4 * 1024 * 1024;
/** One write; the deadline is for so much. */
const maxWriteBytes = 256 * 1024;

const lost: CloseReason = {
  code: "connect_failed",
  message: "The router refused the program, or does not answer.",
};
const notCarried: CloseReason = { code: "protocol_error", message: "This stream cannot be sent by RTSP." };

export type RtspListener = {
  /** The server records: what was sent since the first keyframe goes there. */
  readonly onPublishing: () => void;
  /** Over, once and for all; null when it was closed by `close`. The owner publishes anew after a while. */
  readonly onClosed: (reason: CloseReason | null) => void;
};

export type RtspPublisher = {
  /** Never blocks and never throws; ignored after the end. */
  readonly send: (message: MediaMessage) => void;
  /** `onClosed(null)` follows, at the latest after a second. */
  readonly close: () => void;
  /** Left out because the server took too little. */
  readonly droppedFrames: number;
};

/**
 * Publishes H.264 with AAC or Opus by RTSP over TCP (RFC 2326), to the address in
 * the URL with the login in it. Send it the configuration messages of both
 * first: it connects at the first message after them, so that readers may come,
 * and sends from the first keyframe on. Other configurations than those it began
 * with need another session: it then ends, and its owner begins anew.
 */
export function publishRtsp(url: string, listener: RtspListener): RtspPublisher {
  return new Publisher(url, listener);
}

type Tracks = Readonly<Record<MessageKind, CarriedTrack>>;

class Publisher implements RtspPublisher {
  readonly #url: string;
  readonly #listener: RtspListener;
  readonly #configurations: Record<MessageKind, MediaMessage | null> = { video: null, audio: null };
  readonly #waiting = new WaitingMessages(maxQueueBytes);
  #state: "waiting" | "connecting" | "publishing" | "ended" = "waiting";
  #connection: RtspConnection | null = null;
  #connectTimer: NodeJS.Timeout | null = null;
  /** Makes the packet writer once it is known what the tracks begin at. */
  #writerFrom: ((startsAt: number) => PacketWriter) | null = null;
  #writer: PacketWriter | null = null;
  /** Of what the socket took and the server did not. */
  #bytesOnTheWay = 0;
  #isFlushing = false;
  #isClosing = false;

  constructor(url: string, listener: RtspListener) {
    this.#url = url;
    this.#listener = listener;
  }

  get droppedFrames(): number {
    return this.#waiting.droppedFrames;
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
    if (this.#state === "waiting") this.#connect(video, audio);
    this.#waiting.push(message, this.#bytesOnTheWay);
    this.#flushSoon();
  }

  close(): void {
    if (this.#isClosing || this.#state === "ended") return;
    this.#isClosing = true;
    if (this.#state === "waiting") this.#end(null);
    else if (this.#state === "connecting") this.#connection?.destroy();
    else this.#connection?.end(closeTimeoutMs);
  }

  #configure(kind: MessageKind, message: MediaMessage): void {
    const known = this.#configurations[kind];
    if (this.#state === "waiting" || known === null) this.#configurations[kind] = message;
    else if (!known.payload.equals(message.payload)) this.close();
  }

  #connect(videoConfiguration: MediaMessage, audioConfiguration: MediaMessage): void {
    const [video, audio] = [carriedVideo(videoConfiguration), carriedAudio(audioConfiguration)];
    const url = URL.parse(this.#url);
    if (video === null || audio === null || url === null) {
      this.#end(notCarried);
      return;
    }
    this.#state = "connecting";
    this.#connection = new RtspConnection(url, ioTimeoutMs, {
      onDrained: () => this.#flush(),
      onEnd: () => this.#end(lost),
    });
    this.#connectTimer = setTimeout(() => this.#connection?.destroy(), ioTimeoutMs);
    void this.#record(this.#connection, { video, audio });
  }

  /** Never rejects. */
  async #record(connection: RtspConnection, tracks: Tracks): Promise<void> {
    try {
      const [video = 0, audio = 2] = await beginRecording(connection, [tracks.video, tracks.audio]);
      if (this.#isClosing) return;
      this.#clearConnectTimer();
      this.#writerFrom = (startsAt) => new PacketWriter(tracks, { video, audio }, startsAt);
      this.#state = "publishing";
      this.#listener.onPublishing();
      this.#flush();
    } catch {
      connection.destroy();
    }
  }

  /** With whatever else comes in this turn. */
  #flushSoon(): void {
    if (this.#isFlushing || this.#state !== "publishing" || this.#connection?.isBusy === true) return;
    this.#isFlushing = true;
    process.nextTick(() => {
      this.#isFlushing = false;
      this.#flush();
    });
  }

  #flush(): void {
    const connection = this.#connection;
    if (connection === null || connection.isBusy || this.#state !== "publishing" || this.#isClosing) return;
    this.#bytesOnTheWay = 0;
    this.#writer ??= this.#open(connection);
    while (this.#writer !== null && !connection.isBusy && this.#waiting.messages.length > 0)
      this.#write(connection, this.#writer, this.#waiting.take(maxWriteBytes));
  }

  #open(connection: RtspConnection): PacketWriter | null {
    const opening = openingOf(this.#waiting.messages);
    if (opening === null) return null;
    const writer = this.#writerFrom?.(opening.startsAt) ?? null;
    if (writer === null) return null;
    this.#waiting.take(Number.POSITIVE_INFINITY);
    this.#write(connection, writer, opening.messages);
    return writer;
  }

  #write(connection: RtspConnection, writer: PacketWriter, messages: readonly MediaMessage[]): void {
    const bytes = writer.bytesOf(messages);
    connection.write(bytes);
    if (connection.isBusy) this.#bytesOnTheWay = bytes.length;
  }

  #clearConnectTimer(): void {
    if (this.#connectTimer !== null) clearTimeout(this.#connectTimer);
    this.#connectTimer = null;
  }

  #end(reason: CloseReason | null): void {
    if (this.#state === "ended") return;
    this.#state = "ended";
    this.#clearConnectTimer();
    this.#waiting.clear();
    this.#listener.onClosed(this.#isClosing ? null : reason);
  }
}
