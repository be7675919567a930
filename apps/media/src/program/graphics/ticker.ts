import type { Bitmap } from "../draw.ts";
import type { CanvasSize } from "../scene/scene-source.ts";
import { textWidth } from "./fit-text.ts";
import { fontFor } from "./fonts.ts";
import { fillBox, paint } from "./paint.ts";
import { panelColor } from "./panels.ts";
import { unitOf } from "./place.ts";
import { drawable, isRightToLeft } from "./text-lines.ts";

export type TickerPiece = { readonly name: string; readonly bitmap: Bitmap; readonly x: number; readonly y: number };

/**
 * Words that run through a bar over the canvas' whole width, again and again,
 * leftwards, or rightwards where they are read from the right. The line is cut
 * into strips as wide as the canvas: a strip is made when it is about to come
 * into the picture and forgotten when it has left, so that the longest text
 * costs no more than two or three of them.
 */
export class Ticker {
  readonly height: number;
  readonly #canvas: CanvasSize;
  readonly #text: string;
  readonly #rightToLeft: boolean;
  readonly #font: string;
  readonly #size: number;
  readonly #width: number;
  readonly #bar: Bitmap;
  readonly #strips = new Map<number, Bitmap>();

  constructor(text: string, canvas: CanvasSize) {
    this.#canvas = canvas;
    const unit = unitOf(canvas);
    this.height = Math.round((unit * 0.075) / 2) * 2;
    this.#size = unit * 0.04;
    this.#text = drawable(text).replace(/\s+/gu, " ").trim();
    this.#rightToLeft = isRightToLeft(this.#text);
    this.#font = fontFor(this.#text, "sans-serif", "normal", this.#size);
    this.#width = Math.max(1, Math.ceil(textWidth(this.#text, this.#font)));
    this.#bar = paint(canvas.width, this.height, (context) =>
      fillBox(context, { x: 0, y: 0, width: canvas.width, height: this.height }, panelColor, 0),
    );
  }

  /** Pixels a second: a whole number of them a frame at 30 and 60 frames a second. */
  get speed(): number {
    return Math.max(60, Math.round((this.#canvas.width * 0.1) / 60) * 60);
  }

  /** What is seen `ms` after the ticker began; strips reach over the canvas' edges. */
  pieces(ms: number, y: number): TickerPiece[] {
    const { width } = this.#canvas;
    const passed = Math.round((ms / 1_000) * this.speed) % (this.#width + width);
    const left = this.#rightToLeft ? passed - this.#width : width - passed;
    const pieces: TickerPiece[] = [{ name: "bar", bitmap: this.#bar, x: 0, y }];
    const first = Math.max(0, Math.floor(-left / width));
    const last = Math.min(Math.ceil(this.#width / width) - 1, Math.floor((width - 1 - left) / width));
    for (const index of this.#strips.keys()) if (index < first || index > last) this.#strips.delete(index);
    for (let index = first; index <= last; index++) {
      const bitmap = this.#strips.get(index) ?? this.#strip(index);
      this.#strips.set(index, bitmap);
      const x = left + index * width;
      // The last strip may be narrower than the others, and have left before they would.
      if (x + bitmap.width > 0) pieces.push({ name: String(index), bitmap, x, y });
    }
    return pieces;
  }

  #strip(index: number): Bitmap {
    const { width } = this.#canvas;
    return paint(Math.min(width, this.#width - index * width), this.height, (context) => {
      context.font = this.#font;
      context.fillStyle = "#ffffff";
      context.textAlign = "left";
      context.direction = this.#rightToLeft ? "rtl" : "ltr";
      context.fillText(this.#text, -index * width, this.height / 2 + this.#size * 0.36);
    });
  }
}
