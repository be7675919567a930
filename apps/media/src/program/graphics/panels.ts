import type { Bitmap } from "../draw.ts";
import type { CanvasSize } from "../scene/scene-source.ts";
import { drawImageInto } from "./draw-image.ts";
import { fitText, type FittedText } from "./fit-text.ts";
import type { Picture } from "./images.ts";
import { drawLines, fillBox, paint } from "./paint.ts";
import { unitOf } from "./place.ts";

/** How overlays look. */
export const panelColor = "rgba(15, 18, 28, 0.84)";
const accent = "#4f8cff";
const strong = "#ffffff";
const soft = "#c9d2e3";

/** A title and a line below it on a dark panel with a coloured edge. */
export function lowerThird(title: string | null, subtitle: string | null, canvas: CanvasSize): Bitmap {
  const unit = unitOf(canvas);
  const padding = Math.round(unit * 0.03);
  const edge = Math.max(2, Math.round(unit * 0.009));
  const width = canvas.width * (canvas.width > canvas.height ? 0.62 : 0.9) - 2 * padding - edge;
  const line = (text: string | null, weight: "normal" | "bold", size: number): FittedText | null =>
    text === null || text.trim() === ""
      ? null
      : fitText(text, { font: "sans-serif", weight, size }, { width, height: size * 2.6, lines: 2 }, 0.75);
  const upper = line(title, "bold", unit * 0.056);
  const lower = line(subtitle, "normal", unit * 0.036);
  const inner = Math.max(upper?.width ?? 0, lower?.width ?? 0, unit * 0.2);
  const height = (upper?.height ?? 0) + (lower?.height ?? 0);
  return paint(inner + 2 * padding + edge, height + 1.2 * padding, (context) => {
    const whole = { x: 0, y: 0, width: inner + 2 * padding + edge, height: height + 1.2 * padding };
    context.beginPath();
    context.roundRect(0, 0, whole.width, whole.height, Math.round(unit * 0.012));
    context.clip();
    fillBox(context, whole, panelColor, 0);
    fillBox(context, { ...whole, width: edge }, accent, 0);
    let y = padding * 0.6;
    for (const [text, color] of [
      [upper, strong],
      [lower, soft],
    ] as const) {
      if (text === null) continue;
      const box = { x: edge + padding, y, width, height: text.height };
      drawLines(context, text, box, { align: "left", verticalAlign: "top" }, color);
      y += text.height;
    }
  });
}

/** A time on a dark panel, with words above it or none. The panel's size depends on how many figures there are, not on which. */
export function timePanel(time: string, words: string | null, size: number, canvas: CanvasSize): Bitmap {
  const unit = unitOf(canvas);
  const padding = Math.round(unit * size * 0.4);
  const room = { width: canvas.width * 0.8, height: canvas.height * 0.5 };
  const figures = fitText(time, { font: "sans-serif", weight: "bold", size: unit * size }, room);
  const above =
    words === null || words.trim() === ""
      ? null
      : fitText(words, { font: "sans-serif", weight: "normal", size: unit * size * 0.4 }, { ...room, lines: 2 }, 0.6);
  const inner = Math.max(figures.width, above?.width ?? 0);
  const height = figures.height + (above?.height ?? 0);
  return paint(inner + 2 * padding, height + padding, (context) => {
    fillBox(
      context,
      { x: 0, y: 0, width: Math.ceil(inner + 2 * padding), height: Math.ceil(height + padding) },
      panelColor,
      Math.round(unit * 0.012),
    );
    const box = { x: padding, y: padding / 2, width: inner, height };
    if (above !== null) drawLines(context, above, box, { align: "center", verticalAlign: "top" }, soft);
    drawLines(context, figures, box, { align: "center", verticalAlign: "bottom" }, strong);
  });
}

/** A picture as large as a corner has room for. */
export function logo(picture: Picture, canvas: CanvasSize): Bitmap {
  const unit = unitOf(canvas);
  const { width, height } = picture.canvas;
  const scale = Math.min((unit * 0.3) / width, (unit * 0.15) / height);
  const box = {
    x: 0,
    y: 0,
    width: Math.max(1, Math.round(width * scale)),
    height: Math.max(1, Math.round(height * scale)),
  };
  const crop = { left: 0, top: 0, right: 0, bottom: 0 };
  return paint(box.width, box.height, (context) =>
    drawImageInto(context, picture.canvas, { box, fit: "fill", crop, radius: 0 }),
  );
}
