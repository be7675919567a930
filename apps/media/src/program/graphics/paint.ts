import { createCanvas, type SKRSContext2D } from "@napi-rs/canvas";
import type { Bitmap, PixelBox } from "../draw.ts";
import type { FittedText } from "./fit-text.ts";

/** Draws a bitmap; the context's origin is its top left corner. Sizes are rounded up to whole pixels. */
export function paint(width: number, height: number, draw: (context: SKRSContext2D) => void): Bitmap {
  const canvas = createCanvas(Math.max(1, Math.ceil(width)), Math.max(1, Math.ceil(height)));
  const context = canvas.getContext("2d");
  draw(context);
  // Straight alpha, unlike `canvas.data()`.
  const { data } = context.getImageData(0, 0, canvas.width, canvas.height);
  return {
    width: canvas.width,
    height: canvas.height,
    data: new Uint8Array(data.buffer, data.byteOffset, data.length),
  };
}

/** A bitmap of one colour, `#rrggbb`. */
export function solid(width: number, height: number, color: string): Bitmap {
  const data = new Uint8Array(width * height * 4);
  const [red, green, blue] = [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16));
  data.set([red ?? 0, green ?? 0, blue ?? 0, 255]);
  // The first pixel, whatever the machine's byte order, is all others.
  new Uint32Array(data.buffer).fill(new Uint32Array(data.buffer, 0, 1)[0] ?? 0);
  return { width, height, data };
}

/** `#rrggbb`, or `otherwise` for anything else, so that no string is ever an instruction to Skia. */
export function colorOr(color: string | null, otherwise: string): string {
  return color !== null && /^#[0-9a-f]{6}$/i.test(color) ? color : otherwise;
}

export function fillBox(context: SKRSContext2D, box: PixelBox, color: string, radius: number): void {
  context.fillStyle = color;
  context.beginPath();
  context.roundRect(box.x, box.y, box.width, box.height, radius);
  context.fill();
}

export type Alignment = {
  readonly align: "left" | "center" | "right";
  readonly verticalAlign: "top" | "middle" | "bottom";
};

/** From a line's top to its baseline, in font sizes: DejaVu's ascent in the middle of the line's height. */
const baseline = 0.97;

/** Draws fitted lines into the box they were fitted to. */
export function drawLines(
  context: SKRSContext2D,
  text: FittedText,
  box: PixelBox,
  { align, verticalAlign }: Alignment,
  color: string,
): void {
  context.fillStyle = color;
  context.font = text.font;
  context.textAlign = align;
  context.textBaseline = "alphabetic";
  const x = align === "left" ? box.x : align === "right" ? box.x + box.width : box.x + box.width / 2;
  let y = textTop(text, box, verticalAlign) + baseline * text.size;
  for (const line of text.lines) {
    context.direction = line.rightToLeft ? "rtl" : "ltr";
    // A line measured in parts may come out a little wider than their sum: it is drawn narrower then.
    context.fillText(line.text, x, y, box.width);
    y += text.lineHeight;
  }
}

export function textTop(text: FittedText, box: PixelBox, verticalAlign: Alignment["verticalAlign"]): number {
  const free = box.height - text.height;
  return box.y + (verticalAlign === "top" ? 0 : verticalAlign === "bottom" ? free : free / 2);
}

export function textLeft(text: FittedText, box: PixelBox, align: Alignment["align"]): number {
  const free = box.width - text.width;
  return box.x + (align === "left" ? 0 : align === "right" ? free : free / 2);
}
