import type { SceneBox } from "@trax/media-protocol";
import type { PixelBox } from "../draw.ts";

/**
 * A box in fractions of the canvas as pixels. Edges fall on even pixels, as
 * 4:2:0 colour needs them, and boxes that touch in fractions touch in pixels.
 * Never empty.
 */
export function pixelBox(box: SceneBox, canvas: { readonly width: number; readonly height: number }): PixelBox {
  const left = even(box.x * canvas.width);
  const top = even(box.y * canvas.height);
  return {
    x: left,
    y: top,
    width: Math.max(2, even((box.x + box.width) * canvas.width) - left),
    height: Math.max(2, even((box.y + box.height) * canvas.height) - top),
  };
}

export function wholeBox(canvas: { readonly width: number; readonly height: number }): PixelBox {
  return { x: 0, y: 0, width: canvas.width, height: canvas.height };
}

/** The box less `by` pixels on each side; never less than two pixels wide and high. */
export function insetBox(box: PixelBox, by: number): PixelBox {
  const horizontal = Math.min(by, Math.floor(box.width / 2) - 1);
  const vertical = Math.min(by, Math.floor(box.height / 2) - 1);
  return {
    x: box.x + horizontal,
    y: box.y + vertical,
    width: box.width - 2 * horizontal,
    height: box.height - 2 * vertical,
  };
}

function even(value: number): number {
  const rounded = Math.round(value / 2) * 2;
  // Never -0.
  return rounded === 0 ? 0 : rounded;
}
