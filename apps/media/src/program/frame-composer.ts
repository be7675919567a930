import type { Composition, CompositionCanvas } from "../ffmpeg/composition.ts";
import { Compositor } from "../ffmpeg/compositor.ts";
import type { SharedFrame } from "../ffmpeg/shared-frame.ts";
import { findUndrawable, showsOthers } from "./undrawable.ts";

export type ComposeJob = {
  readonly frame: number;
  readonly composition: Composition;
  /** Drawn where the composition cannot be, without any picture. */
  readonly standIn: Composition;
  readonly pictureOf: (sourceId: string) => SharedFrame | null;
};

export type Composed = {
  /** Held for whoever asked. */
  readonly picture: SharedFrame;
  /** It is what was asked for. */
  readonly isWhole: boolean;
};

type Left = { readonly items: Composition["items"]; readonly sources: ReadonlySet<string>; readonly at: number };
const none: ReadonlySet<string> = new Set();

/** The last frame is held for so long, and then the stand-in is shown, s. */
const heldSeconds = 0.25;
/** What could not be drawn is tried again this often, s. */
const retrySeconds = 1;

/**
 * Composes the program's frames, one at a time. A source that cannot be drawn is
 * left out where others are seen. A frame that cannot be composed all the same
 * is the last one again; where that goes on, the stand-in is shown, and the
 * scene is tried again at once when it is another, and now and then.
 */
export class FrameComposer {
  readonly #compositor: Compositor;
  readonly #canvas: CompositionCanvas;
  readonly #frameRate: number;
  readonly #onError: (error: unknown) => void;
  #last: SharedFrame | null = null;
  /** What was found when the whole was tried last; that frame. */
  #left: Left | null = null;
  /** In frames. */
  #trouble: { readonly items: Composition["items"]; readonly since: number; readonly triedAt: number } | null = null;

  constructor(canvas: CompositionCanvas, onError: (error: unknown) => void) {
    this.#compositor = new Compositor(canvas);
    this.#canvas = canvas;
    this.#frameRate = canvas.frameRate;
    this.#onError = onError;
  }

  /** The newest frame, which stays held here. */
  get last(): SharedFrame | null {
    return this.#last;
  }

  /** Sources that are meant to be seen and cannot be drawn. */
  get undrawable(): ReadonlySet<string> {
    return this.#left?.sources ?? none;
  }

  /** Null where nothing could be drawn yet. Never rejects. */
  async compose(job: ComposeJob): Promise<Composed | null> {
    const isWhole = this.#isTried(job) && ((await this.#drawAll(job)) || (await this.#drawOthers(job)));
    if (isWhole) this.#trouble = null;
    else if (this.isStandingIn(job.frame)) await this.#draw(job.standIn, { ...job, pictureOf: () => null });
    return this.#last === null ? null : { picture: this.#last.retain(), isWhole };
  }

  /** Whether at that frame the stand-in is shown. */
  isStandingIn(frame: number): boolean {
    return this.#trouble !== null && frame - this.#trouble.since >= heldSeconds * this.#frameRate;
  }

  close(): void {
    this.#compositor.close();
    this.#last?.release();
    this.#last = null;
  }

  #isTried({ frame, composition }: ComposeJob): boolean {
    const trouble = this.#trouble;
    if (trouble === null || trouble.items !== composition.items || !this.isStandingIn(frame)) return true;
    return frame - trouble.triedAt >= retrySeconds * this.#frameRate;
  }

  /** Where it is known that something cannot be drawn, only now and then. */
  async #drawAll(job: ComposeJob): Promise<boolean> {
    if (this.#isLeft(job)) return false;
    const isDrawn = await this.#draw(job.composition, job);
    this.#left = isDrawn ? null : await this.#findLeft(job);
    return isDrawn;
  }

  async #drawOthers(job: ComposeJob): Promise<boolean> {
    const { composition, pictureOf } = job;
    const left = this.undrawable;
    if (left.size === 0 || !showsOthers(composition, left, pictureOf)) return false;
    const isDrawn = await this.#draw(composition, {
      ...job,
      pictureOf: (sourceId) => (left.has(sourceId) ? null : pictureOf(sourceId)),
    });
    if (!isDrawn) this.#left = null;
    return isDrawn;
  }

  #isLeft({ frame, composition, pictureOf }: ComposeJob): boolean {
    const left = this.#left;
    if (left === null || left.items !== composition.items) return false;
    return frame - left.at < retrySeconds * this.#frameRate && showsOthers(composition, left.sources, pictureOf);
  }

  async #findLeft({ frame, composition, pictureOf }: ComposeJob): Promise<Left> {
    const sources = await findUndrawable(composition, this.#canvas, pictureOf);
    return { items: composition.items, sources, at: frame };
  }

  async #draw(composition: Composition, { frame, pictureOf }: ComposeJob): Promise<boolean> {
    try {
      const picture = await this.#compositor.compose(composition, frame, pictureOf);
      this.#last?.release();
      this.#last = picture;
      return true;
    } catch (error) {
      this.#trouble = { items: composition.items, since: this.#trouble?.since ?? frame, triedAt: frame };
      this.#onError(error);
      return false;
    }
  }
}
