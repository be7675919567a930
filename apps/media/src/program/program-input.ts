import type { SharedFrame } from "../ffmpeg/shared-frame.ts";
import type { ProgramSource, SourceAudioFormat, SourceFault, SourceVideoFormat } from "./protocol.ts";

export type SourceState = {
  readonly flowing: boolean;
  readonly video: SourceVideoFormat | null;
  readonly audio: SourceAudioFormat | null;
  /** Why it cannot be shown. */
  readonly error: SourceFault | null;
};

/** As measured since it was last asked for. */
export type SourceGauge = {
  /** bit/s. */
  readonly bitrate: number;
  /** When a frame last came, monotonic ms. */
  readonly lastFrameAt: number | null;
  /** How much later than its picture its sound is placed, where their timestamps are too far apart to go by. */
  readonly skewMs: number;
};

/** One source of a program, wherever it comes from. Times are the engine's, ms. */
export type ProgramInput = {
  readonly sourceId: string;
  /** The newest picture, however old. */
  readonly lastPicture: SharedFrame | null;
  update(spec: ProgramSource): void;
  /** Moves on to the picture that is due. */
  advance(now: number): void;
  /** It has pictures, and they keep coming. */
  isOnline(now: number): boolean;
  /** The picture to show; of a source that is gone its last one, for a while. */
  picture(now: number): SharedFrame | null;
  /** What is known of it; a few times a second, also to end a connection that says nothing. */
  state(): SourceState;
  gauge(): SourceGauge;
  close(): void | Promise<void>;
};
