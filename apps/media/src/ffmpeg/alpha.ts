import { avGetPixFmtFromName } from "node-av/lib";
import type { Frame } from "node-av/lib";

/** As FFmpeg's decoders of images (PNG, GIF, WebP) and of clips (VP9, ProRes, FFV1) give them. */
const names = [
  "pal8",
  "rgba",
  "bgra",
  "argb",
  "abgr",
  "rgba64be",
  "rgba64le",
  "ya8",
  "ya16be",
  "ya16le",
  "yuva420p",
  "yuva422p",
  "yuva444p",
  "yuva420p10le",
  "yuva422p10le",
  "yuva444p10le",
  "yuva422p12le",
  "yuva444p12le",
  "yuva420p16le",
  "yuva422p16le",
  "yuva444p16le",
  "gbrap",
  "gbrap10le",
  "gbrap12le",
  "gbrap14le",
  "gbrap16le",
];
const formats: ReadonlySet<number> = new Set(names.map((name) => avGetPixFmtFromName(name)));

/** Whether a picture says of each pixel how much of it is seen. */
export function hasAlpha(frame: Frame): boolean {
  return formats.has(frame.format);
}
