import { isDeepStrictEqual } from "node:util";
import type { SceneContent } from "@trax/media-protocol";
import type { Composition } from "../ffmpeg/composition.ts";
import type { Graphics } from "./graphics/graphics.ts";
import type { ProgramSpec } from "./protocol.ts";
import type { CanvasSize, SceneSource } from "./scene/layout.ts";
import { SceneView } from "./scene-view.ts";

/** `fadeMs`: how long it comes in; 0 for a cut. */
export type TakenScene = { readonly take: number; readonly sceneId: string | null; readonly fadeMs: number };

export type ProgramSight = {
  readonly composition: Composition;
  readonly onSlate: boolean;
  /** Sources that the scene on air means to show. */
  readonly shown: readonly string[];
  /** This frame is the first of that take. */
  readonly taken: TakenScene | null;
};

/** `startedAt`: null until its first frame. */
type Fade = { view: SceneView; readonly durationMs: number; startedAt: number | null };

/** Takes during fades: with more at once the oldest fade is ended. */
const mostFades = 3;

/** Decides what the program shows at each frame: the scene on air, transitions to it, and the overlays. */
export class Director {
  readonly #canvas: CanvasSize;
  readonly #graphics: Graphics;
  readonly #frameMs: number;
  /** What is seen under the fades. */
  #base: SceneView;
  /** Coming in, each above those before: who takes again during a fade goes on from what is seen. */
  #fades: Fade[] = [];
  #take: number | null = null;
  #taken: TakenScene | null = null;
  #fallbackSourceIds: readonly string[] = [];

  constructor(canvas: CanvasSize & { readonly frameRate: number }, graphics: Graphics) {
    this.#canvas = canvas;
    this.#graphics = graphics;
    this.#frameMs = 1_000 / canvas.frameRate;
    this.#base = new SceneView(null, canvas, graphics);
  }

  /** The scene on air; null: the automatic one. */
  get content(): SceneContent | null {
    return this.#view.content;
  }

  /** Takes over what is to be on air, from the next frame on. */
  update(spec: Pick<ProgramSpec, "scene" | "take" | "fallbackSourceIds">): void {
    this.#fallbackSourceIds = spec.fallbackSourceIds;
    const { number, transition, durationMs } = spec.take;
    const content = spec.scene?.content ?? null;
    const isSame = isDeepStrictEqual(content, this.#view.content);
    const view = isSame ? this.#view : new SceneView(content, this.#canvas, this.#graphics);
    if (this.#take !== null && number <= this.#take) {
      this.#edit(view);
      return;
    }
    const fadeMs = this.#take !== null && transition === "fade" ? durationMs : 0;
    this.#take = number;
    this.#taken = { take: number, sceneId: spec.scene?.sceneId ?? null, fadeMs };
    if (fadeMs === 0) {
      this.#base = view;
      this.#fades = [];
    } else if (!isSame) this.#fades.push({ view, durationMs: fadeMs, startedAt: null });
    if (this.#fades.length > mostFades) this.#base = this.#fades.shift()?.view ?? this.#base;
  }

  /** What to show at that time of the engine, ms. */
  look(at: number, sources: readonly SceneSource[]): ProgramSight {
    const coming = this.#coming(at);
    const { items, onSlate, shown } = this.#view.look(sources, this.#fallbackSourceIds);
    const itemsOf = (view: SceneView) =>
      view === this.#view ? items : view.look(sources, this.#fallbackSourceIds).items;
    const overlays = this.#graphics.overlayItems(at, new Date());
    const mixes = coming.map(({ view, opacity }) => ({ items: itemsOf(view), opacity }));
    const composition = { items: itemsOf(this.#base), mixes, overlays };
    const taken = this.#taken;
    this.#taken = null;
    return { composition, onSlate, shown, taken };
  }

  get #view(): SceneView {
    return this.#fades.at(-1)?.view ?? this.#base;
  }

  #edit(view: SceneView): void {
    const fade = this.#fades.at(-1);
    if (fade === undefined) this.#base = view;
    else fade.view = view;
  }

  /** The fades that are not over, and how much is seen of each. */
  #coming(at: number): { readonly view: SceneView; readonly opacity: number }[] {
    const coming: { readonly view: SceneView; readonly opacity: number }[] = [];
    const going = this.#fades;
    this.#fades = [];
    for (const fade of going) {
      fade.startedAt ??= at;
      // The first frame of a fade already shows something of the new scene.
      const opacity = (at - fade.startedAt + this.#frameMs) / fade.durationMs;
      if (opacity < 1) {
        this.#fades.push(fade);
        coming.push({ view: fade.view, opacity });
      } else {
        // It covers whatever was under it.
        this.#base = fade.view;
        this.#fades.length = 0;
        coming.length = 0;
      }
    }
    return coming;
  }
}
