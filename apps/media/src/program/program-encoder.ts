import type { SharedFrame } from "../ffmpeg/shared-frame.ts";
import { VideoEncoder } from "../ffmpeg/video-encoder.ts";
import type { MediaMessage } from "../rtmp/message.ts";
import type { Canvas } from "./protocol.ts";
import { PresetLadder } from "./preset-ladder.ts";
import type { Effort } from "./preset-ladder.ts";

const keyframeSeconds = 2;

type Open = { readonly encoder: VideoEncoder; readonly effort: Effort; readonly bitrate: number };

/**
 * Encodes the program's frames: a keyframe every two seconds of program time.
 * At a keyframe the encoder may be exchanged for a cheaper one, when it cannot
 * keep up, or for a better one, when it could for a while.
 */
export class ProgramEncoder {
  readonly #canvas: Canvas;
  readonly #ladder = new PresetLadder();
  #bitrate: number;
  #open: Open | null = null;
  #group = -1;
  #configuration: Buffer | null = null;

  constructor(canvas: Canvas) {
    this.#canvas = canvas;
    this.#bitrate = canvas.videoBitrate;
  }

  /** Of the encoder at work. */
  get preset(): string {
    return (this.#open?.effort ?? this.#ladder.effort).name;
  }

  /** From the next keyframe on. */
  setBitrate(bitrate: number): void {
    this.#bitrate = bitrate;
  }

  /** Whether this frame is encoded at all. */
  wants(frame: number): boolean {
    return this.#open?.effort.halfRate !== true || frame % 2 === 0;
  }

  /**
   * The frame's messages, the configuration first where it is new. One at a
   * time, frames in order. Throws FFmpegError; the next frame then begins anew.
   */
  async encode(picture: SharedFrame, frame: number): Promise<MediaMessage[]> {
    const group = Math.floor(frame / (this.#canvas.frameRate * keyframeSeconds));
    const isKeyframe = group !== this.#group || this.#open === null;
    this.#group = group;
    const timestamp = Math.round((frame * 1_000) / this.#canvas.frameRate);
    try {
      if (isKeyframe) await this.#exchange();
      if (this.#open === null) throw new Error("there is no encoder");
      const { encoder } = this.#open;
      const messages = await encoder.encode(picture, timestamp, isKeyframe);
      const { configuration } = encoder;
      if (this.#configuration?.equals(configuration.payload) === true) return messages;
      this.#configuration = configuration.payload;
      return [{ ...configuration, timestamp }, ...messages];
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** How far behind real time its last frame came out, ms. */
  note(behindMs: number, now: number): void {
    this.#ladder.note(behindMs, now);
  }

  close(): void {
    this.#open?.encoder.close();
    this.#open = null;
  }

  async #exchange(): Promise<void> {
    const { effort } = this.#ladder;
    const bitrate = this.#bitrate;
    if (this.#open?.effort === effort && this.#open.bitrate === bitrate) return;
    const { preset, halfRate } = effort;
    const encoder = await VideoEncoder.open({ ...this.#canvas, bitrate, preset, halfRate });
    this.close();
    this.#open = { encoder, effort, bitrate };
  }
}
