import { createCanvas } from "@napi-rs/canvas";
import { fontFor } from "./fonts.ts";
import { drawable, isRightToLeft, splitGraphemes, unbreakable } from "./text-lines.ts";

export type TextLook = {
  readonly font: string;
  readonly weight: "normal" | "bold";
  /** Pixels; the text may come out smaller to fit. */
  readonly size: number;
};

/** Lines that fit the room they were made for. `width` is the widest line's, all in pixels. */
export type FittedText = {
  readonly lines: readonly { readonly text: string; readonly rightToLeft: boolean }[];
  readonly font: string;
  readonly size: number;
  readonly lineHeight: number;
  readonly width: number;
  readonly height: number;
};

const lineHeight = 1.25;
const ellipsis = "\u2026";
/** Of what cannot be seen at once anyway, no more than this is measured. */
const longest = 4_000;

const measuring = createCanvas(1, 1).getContext("2d");

/** The width of one line in this CSS font, pixels. */
export function textWidth(text: string, font: string): number {
  measuring.font = font;
  return measuring.measureText(text).width;
}

/**
 * Breaks a text into lines that fit `room`. What does not fit at its size is
 * made smaller, down to `smallest` of it, and what does not fit then ends in an
 * ellipsis. At least one line comes out, though it be higher than the room.
 */
export function fitText(
  text: string,
  look: TextLook,
  room: { readonly width: number; readonly height: number; readonly lines?: number },
  smallest = 0.5,
): FittedText {
  const clean = drawable(text.length > longest ? text.slice(0, longest) + ellipsis : text);
  const font = fontFor(clean, look.font, look.weight, look.size);
  const measured = new Map<string, number>();
  const widthOf = (part: string): number => {
    const known = measured.get(part);
    if (known !== undefined) return known;
    const width = textWidth(part, font);
    measured.set(part, width);
    return width;
  };
  // The same words come again with every size that is tried.
  const split = new Map<string, readonly string[]>();
  const piecesOf = (part: string): readonly string[] => {
    const pieces = split.get(part) ?? splitGraphemes(part);
    split.set(part, pieces);
    return pieces;
  };
  const paragraphs = clean.split("\n").map((paragraph) => unbreakable(paragraph));
  const fits = (scale: number): { lines: string[]; fits: boolean } => {
    const lines = paragraphs.flatMap((parts) => brokenInto(parts, room.width / scale, widthOf, piecesOf));
    const rows = rowsAt(scale);
    return { lines, fits: lines.length <= rows };
  };
  const rowsAt = (scale: number): number =>
    Math.max(1, Math.min(room.lines ?? Infinity, Math.floor(room.height / (look.size * scale * lineHeight) + 0.01)));
  let scale = Math.min(1, Math.max(smallest, room.height / (look.size * lineHeight)));
  let result = fits(scale);
  while (!result.fits && scale > smallest) {
    scale = Math.max(smallest, scale * 0.92);
    result = fits(scale);
  }
  const rows = rowsAt(scale);
  const lines = result.fits
    ? result.lines
    : result.lines
        .slice(0, rows)
        .map((line, index) => (index === rows - 1 ? shortened(line, room.width / scale, widthOf) : line));
  const size = look.size * scale;
  return {
    lines: lines.map((line) => ({ text: line.trimEnd(), rightToLeft: isRightToLeft(line) })),
    font: fontFor(clean + ellipsis, look.font, look.weight, size),
    size,
    lineHeight: size * lineHeight,
    width: Math.min(room.width, Math.max(...lines.map((line) => textWidth(line.trimEnd(), font) * scale))),
    height: lines.length * size * lineHeight,
  };
}

function brokenInto(
  parts: readonly string[],
  width: number,
  widthOf: (part: string) => number,
  piecesOf: (part: string) => readonly string[],
): string[] {
  const lines: string[] = [];
  let line = "";
  let used = 0;
  const put = (part: string): void => {
    // Spaces at a line's end need no room.
    if (line !== "" && used + widthOf(part.trimEnd()) > width) {
      lines.push(line);
      line = "";
      used = 0;
    }
    line += part;
    used += widthOf(part);
  };
  for (const part of parts) {
    if (widthOf(part.trimEnd()) <= width) put(part);
    else for (const piece of piecesOf(part)) put(piece);
  }
  lines.push(line);
  return lines;
}

function shortened(line: string, width: number, widthOf: (part: string) => number): string {
  const kept = splitGraphemes(line.trimEnd());
  let used = kept.reduce((sum, piece) => sum + widthOf(piece), widthOf(ellipsis));
  while (kept.length > 0 && used > width) used -= widthOf(kept.pop() ?? "");
  return kept.join("").trimEnd() + ellipsis;
}
