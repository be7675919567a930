import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { GlobalFonts } from "@napi-rs/canvas";

/** The names that a style may give; any other is drawn as the first. */
export const fontFamilies = ["sans-serif", "serif", "monospace"] as const;
export type FontFamily = (typeof fontFamilies)[number];

const { resolve } = createRequire(import.meta.url);

// Names of our own, so that fonts installed on the machine change nothing.
const shipped: Readonly<Record<FontFamily, { readonly name: string; readonly file: string }>> = {
  "sans-serif": { name: "trax-sans", file: "DejaVuSans" },
  serif: { name: "trax-serif", file: "DejaVuSerif" },
  monospace: { name: "trax-mono", file: "DejaVuSansMono" },
};
const dejavu = dirname(resolve("dejavu-fonts-ttf/ttf/DejaVuSans.ttf"));
const emojiName = "trax-emoji";
const emojiFile = resolve("twemoji-colr-font/twemoji.woff2");

/** Fonts cut into pieces by the characters they hold: a piece is loaded when a text needs it. */
const further = [
  {
    script: /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Bopomofo}\u3000-\u303f\uff00-\uffef]/u,
    id: "sc",
  },
  { script: /\p{Script=Hangul}/u, id: "kr" },
  { script: /\p{Script=Devanagari}/u, id: "devanagari" },
  { script: /\p{Script=Bengali}/u, id: "bengali" },
  { script: /\p{Script=Tamil}/u, id: "tamil" },
  { script: /\p{Script=Thai}/u, id: "thai" },
] as const;

type Piece = { readonly name: string; readonly file: string; readonly ranges: readonly (readonly [number, number])[] };

const registered = new Set<string>();
const pieces = new Map<string, readonly Piece[]>();

/** A CSS font for this text in pixels, with every shipped font that it needs loaded. */
export function fontFor(text: string, font: string, weight: "normal" | "bold", pixels: number): string {
  const { name, file } = shipped[fontFamilies.find((family) => family === font) ?? "sans-serif"];
  register(name, join(dejavu, `${file}.ttf`));
  register(name, join(dejavu, `${file}-Bold.ttf`));
  const names = [name, ...(needsEmoji(text) ? [emojiFont()] : []), ...pieceNames(text)];
  // The sans-serif knows more scripts than its siblings.
  if (name !== shipped["sans-serif"].name) {
    register(shipped["sans-serif"].name, join(dejavu, "DejaVuSans.ttf"));
    names.push(shipped["sans-serif"].name);
  }
  return `${weight} ${pixels.toFixed(2)}px ${names.map((one) => `"${one}"`).join(", ")}`;
}

function needsEmoji(text: string): boolean {
  return /[\p{Extended_Pictographic}\p{Regional_Indicator}]/u.test(text);
}

function emojiFont(): string {
  register(emojiName, emojiFile);
  return emojiName;
}

function pieceNames(text: string): string[] {
  const names: string[] = [];
  for (const { script, id } of further) {
    if (!script.test(text)) continue;
    const codes = [...new Set(text)].filter((one) => script.test(one)).map((one) => one.codePointAt(0) ?? 0);
    for (const piece of piecesOf(id)) {
      if (!codes.some((code) => piece.ranges.some(([first, last]) => code >= first && code <= last))) continue;
      register(piece.name, piece.file);
      names.push(piece.name);
    }
  }
  return names;
}

/** The pieces of a `@fontsource-variable` package: `unicode.json` says which characters each holds. */
function piecesOf(id: string): readonly Piece[] {
  const known = pieces.get(id);
  if (known !== undefined) return known;
  const listing = resolve(`@fontsource-variable/noto-sans-${id}/unicode.json`);
  const parsed: unknown = JSON.parse(readFileSync(listing, "utf8"));
  const found = Object.entries(typeof parsed === "object" && parsed !== null ? parsed : {}).map(
    ([key, ranges]: [string, unknown]): Piece => {
      const part = key.replace(/[[\]]/g, "");
      return {
        name: `trax-${id}-${part}`,
        file: join(dirname(listing), "files", `noto-sans-${id}-${part}-wght-normal.woff2`),
        ranges: String(ranges).split(",").map(rangeOf),
      };
    },
  );
  pieces.set(id, found);
  return found;
}

/** `U+4e00-4e10` or `U+4e00`. */
function rangeOf(range: string): readonly [number, number] {
  const [first = "0", last = first] = range.trim().replace(/^U\+/i, "").split("-");
  return [Number.parseInt(first, 16), Number.parseInt(last, 16)];
}

/** @throws Error a shipped font is missing or broken. */
function register(name: string, file: string): void {
  if (registered.has(file)) return;
  if (GlobalFonts.registerFromPath(file, name) === null) throw new Error(`cannot load the font ${name}`);
  registered.add(file);
}
