import type { Composition } from "../ffmpeg/composition.ts";
import type { SharedFrame } from "../ffmpeg/shared-frame.ts";
import type { MediaMessage } from "../rtmp/message.ts";
import { FrameComposer } from "./frame-composer.ts";
import type { Composed } from "./frame-composer.ts";
import { ProgramEncoder } from "./program-encoder.ts";
import type { Canvas } from "./protocol.ts";
import type { HeldPictures } from "./sources.ts";

/** Frames that are being composed or encoded, or wait for it. */
const maxDepth = 8;

export type FrameJob = {
  readonly frame: number;
  readonly composition: Composition;
  /** Shown where the composition cannot be drawn. */
  readonly standIn: Composition;
  /** Taken over. */
  readonly pictures: HeldPictures;
  /** When its messages have been given out; `isWhole`: they show what was asked for. */
  readonly onDone: (isWhole: boolean) => void;
};

export type FramePipelineListener = {
  readonly onMessage: (message: MediaMessage) => void;
  readonly onError: (error: unknown) => void;
};

/**
 * Composes and encodes the program's frames in order, the one while the other
 * works on the frame before.
 */
export class FramePipeline {
  readonly encoder: ProgramEncoder;
  readonly #composer: FrameComposer;
  readonly #listener: FramePipelineListener;
  #composing: Promise<void> = Promise.resolve();
  #encoding: Promise<void> = Promise.resolve();
  #depth = 0;
  #room = Promise.withResolvers<void>();

  constructor(canvas: Canvas, listener: FramePipelineListener) {
    this.encoder = new ProgramEncoder(canvas);
    this.#composer = new FrameComposer(canvas, listener.onError);
    this.#listener = listener;
  }

  get isFull(): boolean {
    return this.#depth >= maxDepth;
  }

  /** The newest frame; the pipeline holds it. */
  get last(): SharedFrame | null {
    return this.#composer.last;
  }

  /** Sources that are meant to be seen and cannot be drawn. */
  get undrawable(): ReadonlySet<string> {
    return this.#composer.undrawable;
  }

  /** Whether what cannot be drawn is stood in for at that frame. */
  isStandingIn(frame: number): boolean {
    return this.#composer.isStandingIn(frame);
  }

  /** Resolves when there is room for another frame. */
  async room(): Promise<void> {
    if (this.isFull) await this.#room.promise;
  }

  push(job: FrameJob): void {
    this.#depth += 1;
    this.#composing = this.#composing.then(async () => {
      const composed = await this.#compose(job);
      this.#encoding = this.#encoding.then(async () => {
        if (composed !== null) await this.#encode(composed, job);
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
    this.#composer.close();
    this.encoder.close();
  }

  async #compose(job: FrameJob): Promise<Composed | null> {
    try {
      return await this.#composer.compose({ ...job, pictureOf: job.pictures.of });
    } finally {
      job.pictures.release();
    }
  }

  async #encode({ picture, isWhole }: Composed, job: FrameJob): Promise<void> {
    try {
      const messages = await this.encoder.encode(picture, job.frame);
      for (const message of messages) this.#listener.onMessage(message);
      job.onDone(isWhole);
    } catch (error) {
      this.#listener.onError(error);
    } finally {
      picture.release();
    }
  }
}
