import { isDeepStrictEqual } from "node:util";
import type { Logger } from "@trax/foundation/log";
import type { Composition } from "../ffmpeg/composition.ts";
import { encodeJpeg } from "../ffmpeg/jpeg.ts";
import { audioMix } from "./audio-mix.ts";
import { ProgramAudio } from "./audio/program-audio.ts";
import type { SourceMix } from "./audio/program-audio.ts";
import { Director } from "./director.ts";
import type { TakenScene } from "./director.ts";
import { FrameClock } from "./frame-clock.ts";
import { FramePipeline } from "./frame-pipeline.ts";
import { GaugeTaker } from "./gauge-taker.ts";
import { Graphics } from "./graphics/graphics.ts";
import { LinkServer } from "./link/server.ts";
import { programMetadata } from "./program-metadata.ts";
import { Preview } from "./preview.ts";
import { ProgramOutputs } from "./program-outputs.ts";
import type { Canvas, ProgramGauges, ProgramReport, ProgramSpec } from "./protocol.ts";
import { FrameWatch } from "./frame-watch.ts";
import { imageUrls } from "./scene/images.ts";
import { SourceReporter } from "./source-reporter.ts";
import { Sources } from "./sources.ts";

export type EngineListener = {
  readonly log: Logger;
  readonly report: (report: ProgramReport) => void;
};

/** Pixels, at the most. */
const snapshotWidth = 1280;
/** Images that take longer are shown when they are there. */
const imagesMs = 1_500;

/**
 * Makes one studio's program, in real time from its start on: program time 0 is
 * when it was made. The canvas and the link's path stay for its life; all else
 * changes with `update`, each time at one frame.
 */
export class Engine {
  readonly canvas: Canvas;
  readonly #listener: EngineListener;
  readonly #clock: FrameClock;
  readonly #sources: Sources;
  readonly #graphics: Graphics;
  readonly #director: Director;
  readonly #audio: ProgramAudio;
  readonly #outputs: ProgramOutputs;
  readonly #pipeline: FramePipeline;
  readonly #gauges: GaugeTaker;
  readonly #reporter: SourceReporter;
  #preparing: Promise<void> = Promise.resolve();
  #previewing: Promise<void> = Promise.resolve();
  /** States are counted: the last that came, and the last that is taken over. */
  #came = 0;
  #takenOver = 0;
  #standIn: Composition = { items: [], mixes: [], overlays: [] };
  #preview: Preview | null = null;
  #mix: readonly SourceMix[] = [];
  /** Program time 0, monotonic ms. */
  #startedAt = performance.now();
  #onSlate: boolean | null = null;
  #failedAt = -Infinity;
  readonly #frames = new FrameWatch();
  /** Not yet reported, and the first frame that shows it. */
  #taken: (TakenScene & { readonly frame: number }) | null = null;
  #isClosed = false;
  #running: Promise<void> = Promise.resolve();
  #wake: () => void = () => undefined;

  private constructor(spec: ProgramSpec, link: LinkServer, listener: EngineListener) {
    const { canvas } = spec;
    this.canvas = canvas;
    this.#listener = listener;
    this.#clock = new FrameClock(canvas.frameRate);
    this.#graphics = new Graphics(canvas);
    this.#director = new Director(canvas, this.#graphics);
    this.#outputs = new ProgramOutputs(link);
    link.send(programMetadata(canvas));
    this.#audio = new ProgramAudio({
      bitrate: canvas.audioBitrate,
      onAac: (message) => this.#outputs.aac(message),
      onOpus: (message) => {
        this.#outputs.opus(message);
        this.#preview?.opus(message);
      },
      onError: (error) => this.#failed(error),
    });
    // A picture waits for the next frame, from nothing to a whole one: so does its sound, for the mean of that.
    const waitMs = 500 / canvas.frameRate;
    this.#sources = new Sources(this.now, canvas.frameRate, {
      onAudio: (sourceId, message, atMs) => this.#audio.push(sourceId, message, atMs + waitMs),
      onSamples: (sourceId, block, atMs) => this.#audio.pushSamples(sourceId, block, atMs + waitMs),
      onInterrupted: (sourceId) => this.#audio.interrupt(sourceId),
      onRemoved: (sourceId) => this.#audio.remove(sourceId),
    });
    this.#pipeline = new FramePipeline(canvas, {
      onMessage: (message) => this.#outputs.video(message),
      onError: (error) => this.#failed(error),
    });
    this.#gauges = new GaugeTaker();
    this.#reporter = new SourceReporter(this.#sources, () => this.#pipeline.undrawable, listener.report);
  }

  /** Listens on the spec's link and begins. */
  static async start(spec: ProgramSpec, listener: EngineListener): Promise<Engine> {
    const link = await LinkServer.listen(spec.linkPath);
    const engine = new Engine(spec, link, listener);
    await engine.#prepare(spec);
    // Time begins when there is something to see.
    engine.#startedAt = performance.now();
    engine.update(spec);
    engine.#running = engine.#run();
    return engine;
  }

  /** The engine's clock, ms since its start. */
  readonly now = (): number => performance.now() - this.#startedAt;

  /**
   * Takes over a new state: sources and outputs at once, what is seen at one
   * frame, as soon as its images are there. It is void when one that came later
   * was ready sooner.
   */
  update(spec: ProgramSpec): void {
    this.#sources.update(spec.sources, spec.allowedNetworks);
    this.#audio.setOpus((spec.publish?.rtc ?? null) !== null || spec.preview !== null);
    this.#outputs.publish(spec.publish);
    this.#pipeline.encoder.setBitrate(spec.canvas.videoBitrate);
    this.#preparing = Promise.all([this.#preparing, this.#prepare(spec)]).then(() => undefined);
    this.#previewing = this.#previewing
      .then(() => this.#preparePreview(spec))
      .catch((error: unknown) => this.#failed(error));
  }

  /** A JPEG of the program, or of a source's newest picture; null where there is none. */
  async snapshot(sourceId: string | null): Promise<Buffer | null> {
    const picture = sourceId === null ? this.#pipeline.last : (this.#sources.get(sourceId)?.lastPicture ?? null);
    if (picture === null) return null;
    picture.retain();
    try {
      return await encodeJpeg(picture, snapshotWidth);
    } finally {
      picture.release();
    }
  }

  /** Asked once a second: no frame has come out for so long that it never will by itself. */
  isStuck(): boolean {
    return this.#frames.isStuck();
  }

  gauges(): ProgramGauges {
    return this.#gauges.take({
      skippedFrames: this.#clock.skipped,
      preset: this.#pipeline.encoder.preset,
      sources: this.#sources.inputs,
      driftOf: (sourceId) => this.#audio.driftMs(sourceId),
    });
  }

  meters(): Extract<ProgramReport, { type: "meters" }> {
    return { type: "meters", ...this.#audio.meters() };
  }

  /** A few times a second: what is known of the sources, where it has changed. */
  tick(): void {
    this.#reporter.tick();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#wake();
    await this.#running;
    await this.#preparing;
    await this.#previewing;
    await this.#preview?.close();
    await this.#pipeline.close();
    await this.#sources.close();
    this.#audio.close();
    await this.#outputs.close();
    await this.#graphics.close();
  }

  async #prepare(spec: ProgramSpec): Promise<void> {
    this.#came += 1;
    const turn = this.#came;
    await atMost(imagesMs, this.#prepareImages(spec));
    if (turn < this.#takenOver) return;
    this.#takenOver = turn;
    this.#attempt(() => {
      this.#graphics.setSlate(spec.slate);
      // Drawn now, so that nothing waits for it when it is needed.
      this.#standIn = { ...this.#standIn, items: this.#graphics.slateItems() };
    });
    this.#attempt(() => this.#graphics.setOverlays(spec.overlays, this.now()));
    this.#director.update(spec);
  }

  async #prepareImages(spec: ProgramSpec): Promise<void> {
    const problems = await this.#graphics.prepare(imageUrls(spec.scene?.content ?? null, spec.overlays, spec.slate));
    for (const problem of problems) this.#listener.log.warn({ problem }, "a picture cannot be shown");
  }

  async #preparePreview(spec: ProgramSpec): Promise<void> {
    const { preview } = spec;
    if (this.#preview !== null && this.#preview.rtc !== preview?.rtc) {
      const last = this.#preview;
      this.#preview = null;
      await last.close();
    }
    if (preview === null) return;
    this.#preview ??= new Preview(this.canvas, preview.rtc, this.#outputs.opusConfiguration, (error) =>
      this.#failed(error),
    );
    await this.#preview.update(preview.content, spec, this.now());
  }

  async #run(): Promise<void> {
    while (!this.#isClosed) {
      if (this.#pipeline.isFull) {
        await this.#pipeline.room();
        continue;
      }
      const frame = this.#clock.take(this.now());
      if (frame === null) await this.#sleep(this.#clock.waitMs(this.now()));
      else this.#make(frame);
    }
  }

  async #sleep(ms: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, ms);
    this.#wake = resolve;
    await promise;
    clearTimeout(timer);
  }

  #make(frame: number): void {
    const at = this.#clock.timeOf(frame);
    this.#audio.advance(at);
    this.#sources.advance(at);
    const sources = this.#sources.scene(at);
    this.#attempt(() => this.#preview?.tick(frame, at, sources, () => this.#sources.hold(at)));
    if (!this.#pipeline.encoder.wants(frame)) return;
    // A scene that cannot even be laid out is the slate: the show goes on.
    const sight = this.#attempt(() => this.#director.look(at, sources)) ?? null;
    const { composition, shown, taken } = sight ?? { composition: this.#standIn, shown: [], taken: null };
    this.#noteSlate(sight === null || sight.onSlate || this.#pipeline.isStandingIn(frame));
    this.#mixSources(shown, taken?.fadeMs ?? 0);
    if (taken !== null) this.#taken = { ...taken, frame };
    this.#pipeline.push({
      frame,
      composition,
      standIn: this.#standIn,
      pictures: this.#sources.hold(at),
      onDone: (isWhole) => this.#made(frame, at, isWhole),
    });
  }

  #made(frame: number, at: number, isWhole: boolean): void {
    const now = this.now();
    const behindMs = Math.max(0, now - at - 1_000 / this.canvas.frameRate);
    this.#frames.made();
    this.#gauges.note(behindMs);
    this.#pipeline.encoder.note(behindMs, now);
    if (!isWhole || this.#taken === null || frame < this.#taken.frame) return;
    const { take, sceneId } = this.#taken;
    this.#taken = null;
    // Its place on the frame clock, which its timestamp says as well: exact, also when it was made late.
    this.#listener.report({ type: "shown", take, sceneId, at: new Date(Date.now() - (now - at)).toISOString() });
  }

  #mixSources(shown: readonly string[], fadeMs: number): void {
    const sourceIds = this.#sources.inputs.map((input) => input.sourceId);
    const mix = audioMix(this.#director.content, sourceIds, shown);
    if (isDeepStrictEqual(mix, this.#mix)) return;
    this.#mix = mix;
    this.#audio.setSources(mix, fadeMs);
  }

  #noteSlate(onSlate: boolean): void {
    if (onSlate === this.#onSlate) return;
    this.#onSlate = onSlate;
    this.#listener.report({ type: "slate", onSlate });
  }

  /** Does what may fail, and is not to take the show with it. */
  #attempt<T>(work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      this.#failed(error);
      return undefined;
    }
  }

  /** The same fault at each frame is told once a while. */
  #failed(error: unknown): void {
    const now = this.now();
    if (now - this.#failedAt < 5_000) return;
    this.#failedAt = now;
    this.#listener.log.error({ err: error }, "a part of the program failed and goes on");
  }
}

/** Waits for it, but no longer than that, ms. */
async function atMost(ms: number, work: Promise<void>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  await Promise.race([work, promise]);
  clearTimeout(timer);
}
