import type { Bitmap, DrawItem, PixelBox } from "../draw.ts";
import type { ScenePart } from "../scene/layout.ts";
import type { CanvasSize } from "../scene/scene-source.ts";
import { fitText } from "./fit-text.ts";
import { drawImageInto } from "./draw-image.ts";
import type { Images } from "./images.ts";
import { colorOr, drawLines, fillBox, paint, solid, textLeft, textTop } from "./paint.ts";

type Placed = { readonly bitmap: Bitmap; readonly x: number; readonly y: number };
type PaintedPart = Exclude<ScenePart, { kind: "source" }>;

/** Bitmaps that no shown scene uses any more are kept up to this, for the next take. */
const sparePixels = 16_000_000;

/** Makes bitmaps of a scene's parts, and the same ones again for what has not changed. */
export class SceneBitmaps {
  readonly #canvas: CanvasSize;
  readonly #images: Images;
  /** The least recently used first. */
  readonly #made = new Map<string, Placed>();

  constructor(canvas: CanvasSize, images: Images) {
    this.#canvas = canvas;
    this.#images = images;
  }

  items(parts: readonly ScenePart[]): DrawItem[] {
    const used = new Set<string>();
    const items = parts.flatMap((part): DrawItem[] => {
      if (part.kind === "source") return [part];
      const name = this.#nameOf(part);
      const placed = this.#made.get(name) ?? this.#paint(part);
      if (placed === null) return [];
      this.#made.delete(name);
      this.#made.set(name, placed);
      used.add(name);
      return [{ kind: "bitmap", key: part.key, ...placed, opacity: part.opacity }];
    });
    this.#forgetOldest(used);
    return items;
  }

  /** All that a part's pixels depend on. */
  #nameOf(part: PaintedPart): string {
    const { key: _key, opacity: _opacity, ...shown } = part;
    return JSON.stringify(shown.kind === "image" ? { ...shown, url: this.#images.get(shown.url)?.id ?? null } : shown);
  }

  /** Only what lies on the canvas becomes pixels. Null: nothing does. */
  #paint(part: PaintedPart): Placed | null {
    switch (part.kind) {
      case "text": {
        const { box, style } = part;
        const text = fitText(part.text, { font: style.font, weight: style.fontWeight, size: style.fontSize }, box);
        // Room for what reaches over its line.
        const over = Math.ceil(text.size * 0.3);
        const left = textLeft(text, box, style.align);
        const top = textTop(text, box, style.verticalAlign);
        const area = {
          x: Math.floor(left) - over,
          y: Math.floor(top) - over,
          width: Math.ceil(text.width) + 1 + 2 * over,
          height: Math.ceil(text.height) + 1 + 2 * over,
        };
        return this.#paintWithin(area, (context) =>
          drawLines(context, text, box, style, colorOr(style.color, "#ffffff")),
        );
      }
      case "image": {
        const picture = this.#images.get(part.url);
        return picture === null
          ? null
          : this.#paintWithin(part.box, (context) => drawImageInto(context, picture.canvas, part));
      }
      case "color": {
        const { box, radius } = part;
        const color = colorOr(part.color, "#000000");
        if (radius > 0) return this.#paintWithin(box, (context) => fillBox(context, box, color, radius));
        const seen = this.#seen(box);
        return seen && { bitmap: solid(seen.width, seen.height, color), x: seen.x, y: seen.y };
      }
      case "border":
        return this.#paintWithin(part.box, (context) => {
          const { box, width } = part;
          context.strokeStyle = colorOr(part.color, "#ffffff");
          context.lineWidth = width;
          context.beginPath();
          context.roundRect(
            box.x + width / 2,
            box.y + width / 2,
            Math.max(0, box.width - width),
            Math.max(0, box.height - width),
            Math.max(0, part.radius - width / 2),
          );
          context.stroke();
        });
    }
  }

  #paintWithin(area: PixelBox, draw: Parameters<typeof paint>[2]): Placed | null {
    const seen = this.#seen(area);
    if (seen === null) return null;
    const { x, y, width, height } = seen;
    const bitmap = paint(width, height, (context) => {
      context.translate(-x, -y);
      draw(context);
    });
    return { bitmap, x, y };
  }

  /** What of an area lies on the canvas. */
  #seen(area: PixelBox): PixelBox | null {
    const x = Math.max(0, area.x);
    const y = Math.max(0, area.y);
    const width = Math.min(this.#canvas.width, area.x + area.width) - x;
    const height = Math.min(this.#canvas.height, area.y + area.height) - y;
    return width > 0 && height > 0 ? { x, y, width, height } : null;
  }

  #forgetOldest(used: ReadonlySet<string>): void {
    const pixels = ({ bitmap }: Placed): number => bitmap.width * bitmap.height;
    let spare = 0;
    for (const [name, placed] of this.#made) if (!used.has(name)) spare += pixels(placed);
    for (const [name, placed] of this.#made) {
      if (spare <= sparePixels) return;
      if (used.has(name)) continue;
      spare -= pixels(placed);
      this.#made.delete(name);
    }
  }
}
