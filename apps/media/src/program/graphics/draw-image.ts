import type { SceneFit } from "@trax/media-protocol";
import type { Canvas, SKRSContext2D } from "@napi-rs/canvas";
import type { PixelBox } from "../draw.ts";

type Into = {
  readonly box: PixelBox;
  readonly fit: SceneFit;
  /** Fractions of the image cut off on each side. */
  readonly crop: { readonly left: number; readonly top: number; readonly right: number; readonly bottom: number };
  readonly radius: number;
};

/** Draws an image cropped, then fitted into a box; the rounded corners are those of what is seen of it. */
export function drawImageInto(context: SKRSContext2D, image: Canvas, { box, fit, crop, radius }: Into): void {
  const from = {
    x: crop.left * image.width,
    y: crop.top * image.height,
    width: Math.max(1, (1 - crop.left - crop.right) * image.width),
    height: Math.max(1, (1 - crop.top - crop.bottom) * image.height),
  };
  const scales = [box.width / from.width, box.height / from.height];
  const scale = fit === "cover" ? Math.max(...scales) : Math.min(...scales);
  const width = fit === "fill" ? box.width : from.width * scale;
  const height = fit === "fill" ? box.height : from.height * scale;
  const to = { x: box.x + (box.width - width) / 2, y: box.y + (box.height - height) / 2, width, height };
  const seen = fit === "cover" ? box : to;
  context.save();
  context.beginPath();
  context.roundRect(seen.x, seen.y, seen.width, seen.height, radius);
  context.clip();
  context.imageSmoothingQuality = "high";
  context.drawImage(image, from.x, from.y, from.width, from.height, to.x, to.y, to.width, to.height);
  context.restore();
}
