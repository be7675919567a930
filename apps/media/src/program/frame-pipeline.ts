import type { Composition } from "../ffmpeg/composition.ts";
import { Compositor } from "../ffmpeg/compositor.ts";
import type { SharedFrame } from "../ffmpeg/shared-frame.ts";
import type { MediaMessage } from "../rtmp/message.ts";
import { ProgramEncoder } from "./program-encoder.ts";
import type { Canvas } from "./protocol.ts";
import type { HeldPictures } from "./sources.ts";

/** Frames that are being composed or encoded, or wait for it. */
const maxDepth = 8;

export type FrameJob = {
  readonly frame: number;
  readonly composition: Composition;
  /** Taken over. */
  readonly pictures: HeldPictures;
  /** When its messages have been given out. */
  readonly onDone: () => void;
};

export type FramePipelineListener = {
  readonly onMessage: (message: MediaMessage) => void;
  readonly onError: (error: unknown) => void;
};

/**
 * Composes and encodes the program's frames in order, the one while the other
 * works on the frame before. A frame that cannot be composed is the last one
 * again.
 */
export class FramePipeline {
  readonly encoder: ProgramEncoder;
  readonly #compositor: Compositor;
  readonly #listener: FramePipelineListener;
  #composing: Promise<void> = Promise.resolve();
  #encoding: Promise<void> = Promise.resolve();
  #depth = 0;
  #room = Promise.withResolvers<void>();
  #last: SharedFrame | null = null;

  constructor(canvas: Canvas, listener: FramePipelineListener) {
    this.encoder = new ProgramEncoder(canvas);
    this.#compositor = new Compositor(canvas);
    this.#listener = listener;
  }

  get isFull(): boolean {
    return this.#depth >= maxDepth;
  }

  /** The newest frame; the pipeline holds it. */
  get last(): SharedFrame | null {
    return this.#last;
  }

  /** Resolves when there is room for another frame. */
  async room(): Promise<void> {
    if (this.isFull) await this.#room.promise;
  }

  push(job: FrameJob): void {
    this.#depth += 1;
    this.#composing = this.#composing.then(async () => {
      const picture = await this.#compose(job);
      this.#encoding = this.#encoding.then(async () => {
        if (picture !== null) await this.#encode(picture, job);
        this.#depth -= 1;
        this.#room.resolve();
        this.#room = Promise.withResolvers();
      });
    });
  }

  /** Finishes what was begun, then frees everything. */
  async close(): Promise<void> {
    await this.#composing;
    await this.#encoding;
    this.#compositor.close();
    this.encoder.close();
    this.#last?.release();
    this.#last = null;
  }

  async #compose(job: FrameJob): Promise<SharedFrame | null> {
    try {
      const picture = await this.#compositor.compose(job.composition, job.frame, job.pictures.of);
      this.#last?.release();
      this.#last = picture;
    } catch (error) {
      this.#listener.onError(error);
    } finally {
      job.pictures.release();
    }
    return this.#last?.retain() ?? null;
  }

  async #encode(picture: SharedFrame, job: FrameJob): Promise<void> {
    try {
      const messages = await this.encoder.encode(picture, job.frame);
      for (const message of messages) this.#listener.onMessage(message);
      job.onDone();
    } catch (error) {
      this.#listener.onError(error);
    } finally {
      picture.release();
    }
  }
}
