import type { ProgramOverlay } from "@trax/media-protocol";
import type { CanvasSize } from "../scene/scene-source.ts";

/** The canvas' shorter side: what sizes of overlays are fractions of, so that they suit upright canvases too. */
export function unitOf(canvas: CanvasSize): number {
  return Math.min(canvas.width, canvas.height);
}

/** Where something of that size belongs on the canvas, clear of its edges; on even pixels. */
export function place(
  position: NonNullable<ProgramOverlay["position"]>,
  size: { readonly width: number; readonly height: number },
  canvas: CanvasSize,
): { readonly x: number; readonly y: number } {
  const margin = Math.round(unitOf(canvas) * 0.05);
  // A ticker has its place below.
  const below = Math.round(unitOf(canvas) * 0.11);
  const x = position.endsWith("left")
    ? margin
    : position.endsWith("right")
      ? canvas.width - margin - size.width
      : (canvas.width - size.width) / 2;
  const y = position.startsWith("top")
    ? margin
    : position.startsWith("bottom")
      ? canvas.height - below - size.height
      : (canvas.height - size.height) / 2;
  return { x: Math.round(x / 2) * 2, y: Math.round(y / 2) * 2 };
}
