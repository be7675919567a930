import type { ProgramOverlay } from "@trax/media-protocol";
import type { Bitmap } from "../draw.ts";
import type { CanvasSize } from "../scene/scene-source.ts";
import type { Images } from "./images.ts";
import { logo, lowerThird, timePanel } from "./panels.ts";
import { place } from "./place.ts";
import { Ticker } from "./ticker.ts";

export type OverlayPiece = { readonly name: string; readonly bitmap: Bitmap; readonly x: number; readonly y: number };

/** What one overlay looks like from frame to frame, as long as it says the same. */
export class OverlayPicture {
  readonly #overlay: ProgramOverlay;
  readonly #canvas: CanvasSize;
  readonly #images: Images;
  readonly #startMs: number;
  readonly #timeAt: (wallClock: Date) => string;
  #ticker: Ticker | null = null;
  #last: { readonly of: string; readonly pieces: readonly OverlayPiece[] } | null = null;

  constructor(overlay: ProgramOverlay, canvas: CanvasSize, images: Images, startMs: number) {
    this.#overlay = overlay;
    this.#canvas = canvas;
    this.#images = images;
    this.#startMs = startMs;
    this.#timeAt = clockOf(overlay.timeZone ?? null);
  }

  pieces(nowMs: number, wallClock: Date): readonly OverlayPiece[] {
    const { type, title, subtitle, text, url, until, position } = this.#overlay;
    switch (type) {
      case "lower-third":
        return this.#once("", position ?? "bottom-left", () => lowerThird(title, subtitle, this.#canvas));
      case "logo": {
        const picture = url === null ? null : this.#images.get(url);
        if (picture === null) return [];
        return this.#once(String(picture.id), position ?? "top-right", () => logo(picture, this.#canvas));
      }
      case "ticker": {
        if (text === null || text.trim() === "") return [];
        this.#ticker ??= new Ticker(text, this.#canvas);
        const top = position?.startsWith("top") === true;
        return this.#ticker.pieces(
          Math.max(0, nowMs - this.#startMs),
          top ? 0 : this.#canvas.height - this.#ticker.height,
        );
      }
      case "countdown": {
        const end = until === null ? Number.NaN : Date.parse(until);
        if (Number.isNaN(end)) return [];
        const left = remaining(end - wallClock.getTime());
        return this.#once(left, position ?? "center", () => timePanel(left, title, 0.14, this.#canvas));
      }
      case "clock": {
        const time = this.#timeAt(wallClock);
        return this.#once(time, position ?? "top-left", () => timePanel(time, null, 0.045, this.#canvas));
      }
    }
  }

  #once(of: string, position: NonNullable<ProgramOverlay["position"]>, draw: () => Bitmap): readonly OverlayPiece[] {
    if (this.#last?.of === of) return this.#last.pieces;
    const bitmap = draw();
    const pieces = [{ name: "panel", bitmap, ...place(position, bitmap, this.#canvas) }];
    this.#last = { of, pieces };
    return pieces;
  }
}

/** `14:02:03` there; in UTC, which nobody's watch shows, it says so. */
function clockOf(timeZone: string | null): (wallClock: Date) => string {
  const utc = (wallClock: Date): string => `${wallClock.toISOString().slice(11, 19)} UTC`;
  if (timeZone === null) return utc;
  try {
    const format = new Intl.DateTimeFormat("en-GB", { timeZone, timeStyle: "medium" });
    return (wallClock) => format.format(wallClock);
  } catch {
    // One that this node does not know.
    return utc;
  }
}

/** `1:02:03` or `2:03`; the last whole second is shown until it is over, then `0:00`. */
export function remaining(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1_000));
  const two = (value: number): string => String(value).padStart(2, "0");
  const hours = Math.floor(seconds / 3_600);
  const minutes = Math.floor(seconds / 60) % 60;
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}
