import type { ProgramOverlay } from "@trax/media-protocol";
import type { DrawItem } from "../draw.ts";
import type { CanvasSize } from "../scene/scene-source.ts";
import type { Images } from "./images.ts";
import { OverlayPicture } from "./overlay-pictures.ts";

const fadeMs = 300;

type Shown = {
  overlay: ProgramOverlay;
  picture: OverlayPicture;
  /** Opacity at `sinceMs`, from where it goes to 1, or to 0 where it is not wanted. */
  from: number;
  sinceMs: number;
  wanted: boolean;
  /** Not in the list any more: forgotten once it cannot be seen. */
  gone: boolean;
};

/** The overlays above every scene, and how far each has faded in or out. */
export class Overlays {
  readonly #canvas: CanvasSize;
  readonly #images: Images;
  #shown: Shown[] = [];
  #first = true;

  constructor(canvas: CanvasSize, images: Images) {
    this.#canvas = canvas;
    this.#images = images;
  }

  /**
   * One that keeps its id is changed at once; what appears or goes fades. The
   * first that are ever set are there at once: the program begins with them.
   */
  set(overlays: readonly ProgramOverlay[], nowMs: number): void {
    const next = overlays.map((overlay): Shown => {
      const before = this.#shown.find((one) => one.overlay.id === overlay.id);
      const picture =
        before !== undefined && looksAlike(before.overlay, overlay)
          ? before.picture
          : new OverlayPicture(overlay, this.#canvas, this.#images, nowMs);
      if (before !== undefined && before.wanted === overlay.visible) {
        return { ...before, overlay, picture, gone: false };
      }
      const from = before !== undefined ? opacityOf(before, nowMs) : this.#first && overlay.visible ? 1 : 0;
      return { overlay, picture, from, sinceMs: nowMs, wanted: overlay.visible, gone: false };
    });
    const leaving = this.#shown
      .filter((one) => !overlays.some((overlay) => overlay.id === one.overlay.id))
      .map((one) =>
        one.wanted
          ? { ...one, from: opacityOf(one, nowMs), sinceMs: nowMs, wanted: false, gone: true }
          : { ...one, gone: true },
      );
    this.#shown = [...leaving, ...next];
    this.#first = false;
  }

  items(nowMs: number, wallClock: Date): DrawItem[] {
    this.#shown = this.#shown.filter((one) => !one.gone || opacityOf(one, nowMs) > 0);
    return this.#shown.flatMap((one) => {
      const opacity = opacityOf(one, nowMs);
      if (opacity <= 0) return [];
      return one.picture.pieces(nowMs, wallClock).map(({ name, bitmap, x, y }): DrawItem => ({
        kind: "bitmap",
        key: `overlay:${one.overlay.id}:${name}`,
        bitmap,
        x,
        y,
        opacity,
      }));
    });
  }
}

function opacityOf(one: Shown, nowMs: number): number {
  const way = Math.max(0, nowMs - one.sinceMs) / fadeMs;
  return one.wanted ? Math.min(1, one.from + way) : Math.max(0, one.from - way);
}

function looksAlike(a: ProgramOverlay, b: ProgramOverlay): boolean {
  return JSON.stringify({ ...a, visible: true }) === JSON.stringify({ ...b, visible: true });
}
