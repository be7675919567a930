import type { SharedFrame } from "../../ffmpeg/shared-frame.ts";
import { ByteRate } from "../../relay/byte-rate.ts";
import { silentAfterMs } from "../../relay/source-flow.ts";
import type { Stereo } from "../audio/pcm.ts";
import { PictureQueue } from "../picture-queue.ts";
import type { ProgramInput, SourceGauge, SourceState } from "../program-input.ts";
import type { ProgramSource, SourceAudioFormat, SourceFault, SourceVideoFormat } from "../protocol.ts";
import type { Addresses } from "./addresses.ts";
import { Playback } from "./playback.ts";

export type OpenedInputOptions = {
  /** The engine's clock, ms. */
  readonly now: () => number;
  /** The program's. */
  readonly frameRate: number;
  readonly addresses: Addresses;
  readonly onSamples: (block: Stereo, atMs: number) => void;
  readonly onInterrupted: () => void;
};

/** A source that the program opens itself: clips, images, playlists, pulled streams. */
export class OpenedInput implements ProgramInput {
  readonly sourceId: string;
  readonly #o: OpenedInputOptions;
  readonly #pictures = new PictureQueue();
  readonly #rate = new ByteRate();
  readonly #closing = new Set<Promise<void>>();
  #spec: ProgramSource;
  #playback: Playback | null = null;
  /** A picture of what is played now has been shown. */
  #isPresent = false;
  /** When the last of its pictures, and of its pictures or sound, ends: engine time. */
  #pictureUntil = -Infinity;
  #until = -Infinity;
  #hasEnded = false;
  #frameAt: number | null = null;
  #video: SourceVideoFormat | null = null;
  #audio: SourceAudioFormat | null = null;
  #fault: SourceFault | null = null;
  /** By playbacks that are closed. */
  #receivedBytes = 0;

  constructor(spec: ProgramSource, options: OpenedInputOptions) {
    this.sourceId = spec.sourceId;
    this.#spec = spec;
    this.#o = options;
    this.#open();
  }

  get lastPicture(): SharedFrame | null {
    return this.#pictures.shown;
  }

  update(spec: ProgramSource): void {
    const { url, revision, loop } = this.#spec;
    const beginsAgain = this.#hasEnded && spec.loop && !loop;
    this.#spec = spec;
    if (spec.url === url && spec.revision === revision && !beginsAgain) return;
    this.#stop();
    this.#open();
  }

  advance(now: number): void {
    if (this.#pictures.advance(now)) this.#isPresent = true;
  }

  isOnline(now: number): boolean {
    return this.#isPresent && now < this.#pictureUntil + this.#graceMs(this.#spec.silenceMs);
  }

  picture(now: number): SharedFrame | null {
    return this.isOnline(now) || now < this.#pictureUntil + this.#spec.silenceMs ? this.#pictures.shown : null;
  }

  state(): SourceState {
    const flowing = this.#o.now() < this.#until + this.#graceMs(silentAfterMs);
    return { flowing, video: this.#video, audio: this.#audio, error: flowing ? null : this.#whyNot };
  }

  gauge(): SourceGauge {
    const bytes = this.#receivedBytes + (this.#playback?.receivedBytes ?? 0);
    return {
      bitrate: this.#rate.sample(bytes, performance.now()),
      lastFrameAt: this.#frameAt,
      skewMs: this.#playback?.skewMs ?? 0,
    };
  }

  async close(): Promise<void> {
    this.#stop();
    this.#pictures.clear();
    await Promise.all(this.#closing);
  }

  get #whyNot(): SourceFault | null {
    return this.#fault ?? this.#spec.asset?.fault ?? null;
  }

  /** What was to be played once is gone with its last picture. */
  #graceMs(ms: number): number {
    return this.#hasEnded ? 0 : ms;
  }

  #open(): void {
    const { kind, url } = this.#spec;
    if (url === null || kind === "ingest") return;
    const { now, frameRate, addresses, onSamples, onInterrupted } = this.#o;
    const playback = new Playback(
      { kind, urls: url.split("\n"), loops: () => this.#spec.loop, now, frameRate, addresses },
      {
        onPicture: (picture, dueMs, untilMs) => {
          this.#frameAt = performance.now();
          this.#pictureUntil = untilMs;
          this.#until = Math.max(this.#until === Infinity ? 0 : this.#until, untilMs);
          this.#pictures.push(picture, dueMs);
        },
        onSamples: (block, dueMs) => {
          this.#frameAt = performance.now();
          this.#until = Math.max(this.#until, dueMs + block.left.length / 48);
          onSamples(block, dueMs);
        },
        onInterrupted,
        onFormats: (video, audio) => {
          this.#video = video;
          this.#audio = audio;
          this.#fault = null;
        },
        onFault: (fault) => {
          this.#fault = fault;
          this.#pictures.interrupt();
          this.#gone();
        },
        onEnded: () => {
          this.#hasEnded = true;
        },
      },
    );
    this.#playback = playback;
  }

  #stop(): void {
    const playback = this.#playback;
    this.#playback = null;
    this.#pictures.interrupt();
    this.#gone();
    this.#fault = null;
    this.#hasEnded = false;
    this.#video = null;
    this.#audio = null;
    this.#o.onInterrupted();
    if (playback === null) return;
    this.#receivedBytes += playback.receivedBytes;
    const closing = playback.close().finally(() => this.#closing.delete(closing));
    this.#closing.add(closing);
  }

  /** What it shows stays for a while. */
  #gone(): void {
    const now = this.#o.now();
    this.#isPresent = false;
    this.#pictureUntil = Math.min(this.#pictureUntil, now);
    this.#until = -Infinity;
  }
}
