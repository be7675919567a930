import { isDeepStrictEqual } from "node:util";
import type { ProgramOverlay, SceneContent } from "@trax/media-protocol";
import { Compositor } from "../ffmpeg/compositor.ts";
import { VideoEncoder } from "../ffmpeg/video-encoder.ts";
import type { MediaMessage } from "../rtmp/message.ts";
import { Graphics } from "./graphics/graphics.ts";
import { Interleaver } from "./interleaver.ts";
import type { Canvas, ProgramSpec } from "./protocol.ts";
import { RtspOutlet } from "./rtsp-outlet.ts";
import { imageUrls } from "./scene/images.ts";
import type { CanvasSize, SceneSource } from "./scene/layout.ts";
import { SceneView } from "./scene-view.ts";
import type { HeldPictures } from "./sources.ts";

const maxFrameRate = 30;
const maxBitrate = 1_500_000;

/**
 * A scene that is not on air, for those who prepare it: half the program's
 * size, encoded as cheaply as can be, with the program's sound. It makes a
 * frame when it is done with the last one, and never holds anything up.
 */
export class Preview {
  readonly rtc: string;
  readonly #canvas: CanvasSize & { readonly frameRate: number };
  /** Every so many of the program's frames. */
  readonly #every: number;
  readonly #graphics: Graphics;
  readonly #compositor: Compositor;
  readonly #outlet: RtspOutlet;
  readonly #messages: Interleaver;
  readonly #onError: (error: unknown) => void;
  #view: SceneView;
  #fallbackSourceIds: readonly string[] = [];
  #encoder: VideoEncoder | null = null;
  #second = -1;
  #working: Promise<void> = Promise.resolve();
  #isBusy = false;

  /** `opus`: the configuration of the program's sound, where it is known. */
  constructor(canvas: Canvas, rtc: string, opus: MediaMessage | null, onError: (error: unknown) => void) {
    this.rtc = rtc;
    this.#every = Math.ceil(canvas.frameRate / maxFrameRate);
    this.#canvas = { width: half(canvas.width), height: half(canvas.height), frameRate: canvas.frameRate };
    this.#graphics = new Graphics(this.#canvas);
    this.#compositor = new Compositor(this.#canvas);
    this.#outlet = new RtspOutlet(rtc, opus === null ? [] : [opus]);
    this.#messages = new Interleaver((message) => this.#outlet.send(message));
    this.#onError = onError;
    this.#view = new SceneView(null, this.#canvas, this.#graphics);
  }

  /** Shows that scene as soon as its images are there. */
  async update(content: SceneContent | null, spec: ProgramSpec, now: number): Promise<void> {
    const overlays: readonly ProgramOverlay[] = spec.overlays;
    await this.#graphics.prepare(imageUrls(content, overlays, spec.slate));
    this.#graphics.setSlate(spec.slate);
    this.#graphics.setOverlays(overlays, now);
    this.#fallbackSourceIds = spec.fallbackSourceIds;
    if (!isDeepStrictEqual(content, this.#view.content))
      this.#view = new SceneView(content, this.#canvas, this.#graphics);
  }

  /** At each of the program's frames; `hold` is called for the pictures of one that is made. */
  tick(frame: number, at: number, sources: readonly SceneSource[], hold: () => HeldPictures): void {
    if (this.#isBusy || frame % this.#every !== 0) return;
    const { items } = this.#view.look(sources, this.#fallbackSourceIds);
    const overlays = this.#graphics.overlayItems(at, new Date());
    const pictures = hold();
    this.#isBusy = true;
    this.#working = this.#make({ items, mixes: [], overlays }, pictures, frame, at);
  }

  opus(message: MediaMessage): void {
    this.#messages.audio(message);
  }

  async close(): Promise<void> {
    this.#isBusy = true;
    await this.#working;
    this.#outlet.close();
    this.#compositor.close();
    this.#encoder?.close();
    this.#encoder = null;
    await this.#graphics.close();
  }

  async #make(
    composition: Parameters<Compositor["compose"]>[0],
    pictures: HeldPictures,
    frame: number,
    at: number,
  ): Promise<void> {
    try {
      const picture = await this.#compositor.compose(composition, frame, pictures.of);
      try {
        await this.#encode(picture, Math.round(at));
      } finally {
        picture.release();
      }
    } catch (error) {
      this.#encoder?.close();
      this.#encoder = null;
      this.#onError(error);
    } finally {
      pictures.release();
      this.#isBusy = false;
    }
  }

  async #encode(picture: Parameters<VideoEncoder["encode"]>[0], timestamp: number): Promise<void> {
    if (this.#encoder === null) {
      this.#second = -1;
      const frameRate = this.#canvas.frameRate / this.#every;
      const options = { preset: "ultrafast", halfRate: false, bitrate: maxBitrate } as const;
      this.#encoder = await VideoEncoder.open({ ...this.#canvas, frameRate, ...options });
      this.#messages.video({ ...this.#encoder.configuration, timestamp });
    }
    const second = Math.floor(timestamp / 1_000);
    const messages = await this.#encoder.encode(picture, timestamp, second !== this.#second);
    this.#second = second;
    for (const message of messages) this.#messages.video(message);
  }
}

function half(size: number): number {
  return Math.max(2, 2 * Math.round(size / 4));
}
