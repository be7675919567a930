import { isDeepStrictEqual } from "node:util";
import type { SceneContent } from "@trax/media-protocol";
import type { Composition } from "../ffmpeg/composition.ts";
import type { Graphics } from "./graphics/graphics.ts";
import type { ProgramSpec } from "./protocol.ts";
import type { CanvasSize, SceneSource } from "./scene/layout.ts";
import { SceneView } from "./scene-view.ts";

export type TakenScene = { readonly take: number; readonly sceneId: string | null };

export type ProgramSight = {
  readonly composition: Composition;
  readonly onSlate: boolean;
  /** Sources that the scene on air means to show. */
  readonly shown: readonly string[];
  /** This frame is the first of that take. */
  readonly taken: TakenScene | null;
};

type Fade = { readonly from: SceneView; readonly startedAt: number; readonly durationMs: number };

/** Decides what the program shows at each frame: the scene on air, a transition to it, and the overlays. */
export class Director {
  readonly #canvas: CanvasSize;
  readonly #graphics: Graphics;
  readonly #frameMs: number;
  #view: SceneView;
  #take: number | null = null;
  #taken: TakenScene | null = null;
  #pendingFade: { readonly from: SceneView; readonly durationMs: number } | null = null;
  #fade: Fade | null = null;
  #fallbackSourceIds: readonly string[] = [];

  constructor(canvas: CanvasSize & { readonly frameRate: number }, graphics: Graphics) {
    this.#canvas = canvas;
    this.#graphics = graphics;
    this.#frameMs = 1_000 / canvas.frameRate;
    this.#view = new SceneView(null, canvas, graphics);
  }

  /** The scene on air; null: the automatic one. */
  get content(): SceneContent | null {
    return this.#view.content;
  }

  /** Takes over what is to be on air, from the next frame on. Says for how long it fades, ms. */
  update(spec: Pick<ProgramSpec, "scene" | "take" | "fallbackSourceIds">): number {
    this.#fallbackSourceIds = spec.fallbackSourceIds;
    const { number, transition, durationMs } = spec.take;
    const isTake = this.#take === null || number > this.#take;
    const fadeMs = isTake && this.#take !== null && transition === "fade" ? durationMs : 0;
    const content = spec.scene?.content ?? null;
    if (isTake) {
      this.#take = number;
      this.#taken = { take: number, sceneId: spec.scene?.sceneId ?? null };
      this.#fade = null;
      this.#pendingFade = fadeMs > 0 ? { from: this.#view, durationMs: fadeMs } : null;
    }
    if (!isDeepStrictEqual(content, this.#view.content))
      this.#view = new SceneView(content, this.#canvas, this.#graphics);
    return fadeMs;
  }

  /** What to show at that time of the engine, ms. */
  look(at: number, sources: readonly SceneSource[]): ProgramSight {
    const taken = this.#taken;
    this.#taken = null;
    if (this.#pendingFade !== null) {
      this.#fade = { ...this.#pendingFade, startedAt: at };
      this.#pendingFade = null;
    }
    const sight = this.#view.look(sources, this.#fallbackSourceIds);
    const overlays = this.#graphics.overlayItems(at, new Date());
    const { onSlate, shown } = sight;
    const fade = this.#fade;
    // The first frame of a fade already shows something of the new scene.
    const opacity = fade === null ? 1 : (at - fade.startedAt + this.#frameMs) / fade.durationMs;
    if (fade === null || opacity >= 1) {
      this.#fade = null;
      return { composition: { items: sight.items, mix: null, overlays }, onSlate, shown, taken };
    }
    const { items } = fade.from.look(sources, this.#fallbackSourceIds);
    return { composition: { items, mix: { items: sight.items, opacity }, overlays }, onSlate, shown, taken };
  }
}
