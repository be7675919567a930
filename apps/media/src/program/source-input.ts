import type { SharedFrame } from "../ffmpeg/shared-frame.ts";
import { VideoDecoder } from "../ffmpeg/video-decoder.ts";
import { ByteRate } from "../relay/byte-rate.ts";
import { SourceFlow } from "../relay/source-flow.ts";
import { SourceReader } from "../relay/source-reader.ts";
import { readMessage } from "../rtmp/message-body.ts";
import type { MediaMessage } from "../rtmp/message.ts";
import { PictureQueue } from "./picture-queue.ts";
import type { ProgramInput, SourceGauge, SourceState } from "./program-input.ts";
import type { ProgramSource, SourceFault } from "./protocol.ts";
import { SilenceGrace } from "./silence-grace.ts";
import { SourceClock } from "./source-clock.ts";

export type SourceInputListener = {
  /** Sound whose first sample belongs at that time of the engine, ms; configurations too. */
  readonly onAudio: (message: MediaMessage, atMs: number) => void;
  /** Timestamps begin anew. */
  readonly onInterrupted: () => void;
};

export type ReaderListener = {
  /** The next message is the first of a new connection. */
  readonly onStart: () => void;
  readonly onMessage: (message: MediaMessage) => void;
  /** There is no connection; the next attempt is planned. A fault is told to whoever looks at the source. */
  readonly onLost: (fault: SourceFault | null) => void;
};

export type Reader = { readonly receivedBytes: number; tick(now: number): void; close(): void };

const unseenMs = 15_000;
const stillMs = 2_000;

function readFromRouter(url: string, listener: ReaderListener): Reader {
  // That a publisher has left is no fault.
  return new SourceReader(url, { ...listener, onLost: () => listener.onLost(null) });
}

/** One source of a program: plays it for as long as it is to be had, and has its pictures ready when they are due. */
export class SourceInput implements ProgramInput {
  readonly sourceId: string;
  readonly #now: () => number;
  readonly #listener: SourceInputListener;
  readonly #read: (url: string, listener: ReaderListener) => Reader;
  readonly #clock = new SourceClock();
  readonly #decoder: VideoDecoder;
  readonly #pictures = new PictureQueue();
  readonly #flow = new SourceFlow();
  readonly #rate = new ByteRate();
  readonly #grace = new SilenceGrace();
  #spec: ProgramSource;
  #reader: Reader | null = null;
  /** A picture of the connection that there is now has been shown. */
  #isPresent = false;
  #decodedAt = -Infinity;
  #shownAt = -Infinity;
  /** The last frame of video that came, and the first since a picture was made of any. */
  #videoAt = -Infinity;
  #unseenSince: number | null = null;
  #anchors = 0;
  #error: SourceFault | null = null;
  /** By readers that are closed. */
  #receivedBytes = 0;

  /** `now`: the engine's clock, ms. */
  constructor(
    spec: ProgramSource,
    now: () => number,
    listener: SourceInputListener,
    read: (url: string, listener: ReaderListener) => Reader = readFromRouter,
  ) {
    this.sourceId = spec.sourceId;
    this.#spec = spec;
    this.#now = now;
    this.#listener = listener;
    this.#read = read;
    this.#decoder = new VideoDecoder({
      onPicture: (picture, dueMs) => {
        this.#decodedAt = this.#now();
        this.#unseenSince = null;
        this.#grace.note(dueMs);
        this.#pictures.push(picture, dueMs);
      },
      onRefused: (reason) => {
        this.#error = reason === null ? null : { code: "unsupported_format", message: reason };
      },
    });
    this.#open();
  }

  update(spec: ProgramSource): void {
    const isSame = spec.url === this.#spec.url && spec.revision === this.#spec.revision;
    this.#spec = spec;
    if (isSame) return;
    this.#close();
    this.#open();
  }

  /** Moves on to the picture that is due. */
  advance(now: number): void {
    // Who was silent is back with a picture to show: one that is only decoded is none yet.
    if (!this.#isFresh(this.#decodedAt, now)) this.#isPresent = false;
    if (!this.#pictures.advance(now)) return;
    this.#isPresent = true;
    this.#shownAt = now;
  }

  /** It has pictures, and they keep coming. */
  isOnline(now: number): boolean {
    return this.#isPresent && this.#isFresh(this.#decodedAt, now);
  }

  /** The picture to show; of a source that is gone its last one, for a while. */
  picture(now: number): SharedFrame | null {
    return this.isOnline(now) || this.#isFresh(this.#shownAt, now) ? this.#pictures.shown : null;
  }

  /** The newest picture, however old. */
  get lastPicture(): SharedFrame | null {
    return this.#pictures.shown;
  }

  /** What is known of it; a few times a second, also to end a connection that says nothing. */
  state(): SourceState {
    const now = performance.now();
    this.#reader?.tick(now);
    const { video, audio } = this.#flow;
    const error = this.#error ?? this.#unseen();
    return { flowing: this.#reader !== null && this.#flow.isFlowing(now), video, audio, error };
  }

  gauge(): SourceGauge {
    const bytes = this.#receivedBytes + (this.#reader?.receivedBytes ?? 0);
    const bitrate = this.#rate.sample(bytes, performance.now());
    return { bitrate, lastFrameAt: this.#flow.lastFrameAt, skewMs: this.#clock.skewMs };
  }

  close(): void {
    this.#close();
    this.#decoder.close();
    this.#pictures.clear();
  }

  #open(): void {
    const { url } = this.#spec;
    this.#error = null;
    if (url === null) return;
    this.#reader = this.#read(url, {
      onStart: () => {
        this.#error = null;
        this.#flow.restart();
        this.#clock.restart();
        this.#decoder.restart();
        this.#listener.onInterrupted();
      },
      onMessage: (message) => this.#take(message),
      onLost: (fault) => {
        this.#error = fault ?? this.#error;
        this.#lost();
      },
    });
  }

  #close(): void {
    this.#receivedBytes += this.#reader?.receivedBytes ?? 0;
    this.#reader?.close();
    this.#reader = null;
    this.#lost();
  }

  #isFresh(at: number, now: number): boolean {
    return now - at < this.#grace.graceMs(this.#spec.silenceMs);
  }

  /** Video comes, and for longer than between two keyframes of anybody nothing can be seen of it. */
  #unseen(): SourceFault | null {
    const now = this.#now();
    if (this.#unseenSince === null || now - this.#unseenSince < unseenMs || now - this.#videoAt > stillMs) return null;
    return {
      code: "unsupported_format",
      message: "No picture can be made of its video: it is damaged, or without keyframes.",
    };
  }

  #lost(): void {
    this.#isPresent = false;
    this.#unseenSince = null;
    this.#grace.restart();
    this.#pictures.interrupt();
    this.#decoder.restart();
    this.#listener.onInterrupted();
  }

  #take(message: MediaMessage): void {
    const now = this.#now();
    this.#flow.note(message, performance.now());
    if (message.kind === "data") return;
    // Configurations come when they like, with any timestamp.
    if (!message.configuration) {
      this.#clock.note(message.timestamp, now, message.kind);
      if (this.#clock.anchors !== this.#anchors) {
        this.#anchors = this.#clock.anchors;
        this.#listener.onInterrupted();
      }
    }
    if (message.kind === "audio") {
      this.#listener.onAudio(message, this.#clock.place(message.timestamp, "audio"));
      return;
    }
    if (!message.configuration) {
      this.#videoAt = now;
      this.#unseenSince ??= now;
    }
    const { compositionTime } = readMessage("video", message.payload);
    this.#decoder.push(message, this.#clock.place(message.timestamp + compositionTime));
  }
}
