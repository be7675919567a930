import type { Composition } from "../ffmpeg/composition.ts";
import { Compositor } from "../ffmpeg/compositor.ts";
import type { SharedFrame } from "../ffmpeg/shared-frame.ts";

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

/** The last frame is held for so long, and then the stand-in is shown, s. */
const heldSeconds = 0.25;
/** What could not be drawn is tried again this often, s. */
const retrySeconds = 1;

/**
 * Composes the program's frames, one at a time. A frame that cannot be composed
 * is the last one again; where that goes on, the stand-in is shown, and the
 * scene is tried again at once when it is another, and now and then.
 */
export class FrameComposer {
  readonly #compositor: Compositor;
  readonly #frameRate: number;
  readonly #onError: (error: unknown) => void;
  #last: SharedFrame | null = null;
  /** In frames. */
  #trouble: { readonly items: Composition["items"]; readonly since: number; readonly triedAt: number } | null = null;

  constructor(
    canvas: { readonly width: number; readonly height: number; readonly frameRate: number },
    onError: (error: unknown) => void,
  ) {
    this.#compositor = new Compositor(canvas);
    this.#frameRate = canvas.frameRate;
    this.#onError = onError;
  }

  /** The newest frame, which stays held here. */
  get last(): SharedFrame | null {
    return this.#last;
  }

  /** Null where nothing could be drawn yet. Never rejects. */
  async compose(job: ComposeJob): Promise<Composed | null> {
    const isWhole = this.#isTried(job) && (await this.#draw(job.composition, job));
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
