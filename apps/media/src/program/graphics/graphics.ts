import { isDeepStrictEqual } from "node:util";
import type { ProgramOverlay } from "@trax/media-protocol";
import type { DrawItem } from "../draw.ts";
import type { ProgramSlate } from "../protocol.ts";
import type { SceneLayout, ScenePart } from "../scene/layout.ts";
import type { CanvasSize } from "../scene/scene-source.ts";
import { Images, type GraphicsProblem } from "./images.ts";
import { Overlays } from "./overlays.ts";
import { SceneBitmaps } from "./scene-bitmaps.ts";

export { fontFamilies } from "./fonts.ts";
export type { GraphicsProblem };

type SlateLook = {
  readonly color: string;
  readonly text: string;
  readonly url: string | null;
  readonly sourceId: string | null;
};

const noCrop = { left: 0, top: 0, right: 0, bottom: 0 };
const slateColor = "#14161f";
const slateText = "Back in a moment";

/**
 * Everything of a frame that is not a source, as bitmaps for the compositor.
 * A bitmap is made once and keeps its identity until what it shows changes.
 * Bitmaps are drawn on the calling thread, images are decoded on another.
 */
export class Graphics {
  readonly #canvas: CanvasSize;
  readonly #images: Images;
  readonly #bitmaps: SceneBitmaps;
  readonly #overlays: Overlays;
  #scenes = new WeakMap<SceneLayout, { readonly version: number; readonly items: readonly DrawItem[] }>();
  #slate: { readonly version: number; readonly items: readonly DrawItem[] } | null = null;
  #slateLook: SlateLook = { color: slateColor, text: slateText, url: null, sourceId: null };

  constructor(canvas: CanvasSize) {
    this.#canvas = canvas;
    this.#images = new Images(canvas);
    this.#bitmaps = new SceneBitmaps(canvas, this.#images);
    this.#overlays = new Overlays(canvas, this.#images);
  }

  /**
   * Decodes images by their URLs (`imageUrls` finds a scene's, the overlays' and
   * the slate's). Wait for it before showing them: an image that is not there yet
   * is drawn as nothing. Answers what can never be drawn; never fails.
   */
  prepare(urls: readonly string[]): Promise<readonly GraphicsProblem[]> {
    return this.#images.prepare(urls);
  }

  /**
   * The layout's parts as items, in their order. The same layout object gives
   * the same items, and costs nothing; another with the same parts gives the
   * same bitmaps.
   */
  sceneItems(layout: SceneLayout): readonly DrawItem[] {
    const known = this.#scenes.get(layout);
    // An image that was not there has come: the items are made anew.
    if (known !== undefined && known.version === this.#images.version) return known.items;
    const items = this.#bitmaps.items(layout.parts);
    this.#scenes.set(layout, { version: this.#images.version, items });
    return items;
  }

  /**
   * What is to be above every scene. What appears or goes does so over 300 ms
   * from `nowMs` on; what the first call brings is there at once.
   */
  setOverlays(overlays: readonly ProgramOverlay[], nowMs: number): void {
    this.#overlays.set(overlays, nowMs);
  }

  /** The overlays at one frame. `nowMs` is the engine's clock, `wallClock` what clocks and countdowns show. */
  overlayItems(nowMs: number, wallClock: Date): readonly DrawItem[] {
    return this.#overlays.items(nowMs, wallClock);
  }

  /** What stands in for a program that is gone. One without text shows `fallbackText`, unless it has a picture. */
  setSlate(slate: ProgramSlate, fallbackText: string = slateText): void {
    const { url = null, sourceId = null } = slate;
    const hasPicture = url !== null || sourceId !== null;
    const text = slate.text ?? (hasPicture ? "" : fallbackText);
    const look = { color: slate.color ?? slateColor, text, url, sourceId };
    if (isDeepStrictEqual(look, this.#slateLook)) return;
    this.#slateLook = look;
    this.#slate = null;
  }

  /** Covers the whole canvas. Made by the first call, to be made before it is needed. */
  slateItems(): readonly DrawItem[] {
    const { version } = this.#images;
    // An image that was not there may have come.
    if (this.#slate === null || (this.#slateLook.url !== null && this.#slate.version !== version))
      this.#slate = { version, items: this.#bitmaps.items(this.#slateParts()) };
    return this.#slate.items;
  }

  /** Waits for images that are being decoded. */
  async close(): Promise<void> {
    await this.#images.close();
    this.#scenes = new WeakMap();
  }

  #slateParts(): ScenePart[] {
    const { width, height } = this.#canvas;
    const { color, text, url, sourceId } = this.#slateLook;
    const whole = { x: 0, y: 0, width, height };
    const picture = { box: whole, fit: "cover", crop: noCrop, opacity: 1, radius: 0 } as const;
    const margin = Math.round(width * 0.08);
    const parts: ScenePart[] = [{ kind: "color", key: "slate:color", box: whole, color, opacity: 1, radius: 0 }];
    if (url !== null) parts.push({ kind: "image", key: "slate:image", url, ...picture });
    if (sourceId !== null) parts.push({ kind: "source", key: "slate:clip", sourceId, background: null, ...picture });
    if (text.trim() === "") return parts;
    parts.push({
      kind: "text",
      key: "slate:text",
      box: { x: margin, y: Math.round(height * 0.1), width: width - 2 * margin, height: Math.round(height * 0.8) },
      text,
      style: {
        font: "sans-serif",
        fontSize: Math.min(width, height) * 0.08,
        fontWeight: "bold",
        color: "#ffffff",
        align: "center",
        verticalAlign: "middle",
      },
      opacity: 1,
    });
    return parts;
  }
}
