import type { Frame } from "node-av/lib";
import type { DrawItem, PixelBox } from "../program/draw.ts";
import { hasAlpha } from "./alpha.ts";
import { fitBox, fitPicture } from "./fit.ts";
import type { Fitted } from "./fit.ts";
import type { SharedFrame } from "./shared-frame.ts";
import type { StillFrames } from "./still-frames.ts";

/** A frame to make. */
export type Composition = {
  readonly items: readonly DrawItem[];
  /** Further scenes, each above what is before it, seen that much (0 to 1). */
  readonly mixes: readonly { readonly items: readonly DrawItem[]; readonly opacity: number }[];
  /** Above all. */
  readonly overlays: readonly DrawItem[];
};

export type CompositionCanvas = { readonly width: number; readonly height: number; readonly frameRate: number };

/** How one composition is made: a filter graph's text, what is pushed into it, and what it is told. */
export type Plan = {
  /** Graphs of the same text are the same graph. */
  readonly graph: string;
  readonly inputs: readonly Frame[];
  /** By name: where movable pictures are, and the mix. */
  readonly settings: readonly { readonly filter: string; readonly option: string; readonly value: string }[];
};

const black = "#000000";

type Draft = {
  readonly canvas: CompositionCanvas;
  readonly stills: StillFrames;
  readonly pictureOf: (sourceId: string) => SharedFrame | null;
  readonly chains: string[];
  readonly inputs: Frame[];
  readonly settings: { filter: string; option: string; value: string }[];
};

/** Plans a frame; `pictureOf` gives the picture to show of a source, or null where there is none. */
export function planComposition(
  composition: Composition,
  canvas: CompositionCanvas,
  stills: StillFrames,
  pictureOf: (sourceId: string) => SharedFrame | null,
): Plan {
  const draft: Draft = { canvas, stills, pictureOf, chains: [], inputs: [], settings: [] };
  let out = drawScene(draft, composition.items);
  for (const [index, { items, opacity }] of composition.mixes.entries()) {
    const over = drawScene(draft, items);
    const name = `blend@mix${index}`;
    out = add(draft, [over, out], `${name}=all_mode=normal:all_opacity=0`);
    set(draft, name, "all_opacity", opacity);
  }
  for (const item of composition.overlays) out = drawItem(draft, out, item);
  draft.chains.push(`[${out}]setsar=1,format=yuv420p,buffersink@out`);
  return { graph: draft.chains.join(";"), inputs: draft.inputs, settings: draft.settings };
}

function drawScene(draft: Draft, items: readonly DrawItem[]): string {
  const { canvas } = draft;
  const [first, ...others] = items;
  // A picture that covers everything needs nothing behind it.
  const covering = first === undefined ? null : coveringPicture(draft, first);
  if (covering !== null) return others.reduce((below, item) => drawItem(draft, below, item), covering);
  const base = input(draft, draft.stills.solid(canvas.width, canvas.height, black));
  return items.reduce((below, item) => drawItem(draft, below, item), base);
}

function coveringPicture(draft: Draft, item: DrawItem): string | null {
  if (item.kind !== "source" || item.opacity < 1 || item.radius > 0) return null;
  const picture = draft.pictureOf(item.sourceId);
  if (picture === null) return null;
  const fitted = fitPicture(item, picture, draft.canvas);
  const covers = fitted?.visible.width === draft.canvas.width && fitted.visible.height === draft.canvas.height;
  return covers && fitted !== null ? drawPicture(draft, picture.frame, fitted, item.background, "yuv420p") : null;
}

function drawItem(draft: Draft, below: string, item: DrawItem): string {
  if (item.opacity <= 0) return below;
  if (item.kind === "bitmap") {
    if (item.bitmap.width === 0 || item.bitmap.height === 0) return below;
    const picture = input(draft, draft.stills.bitmap(item.key, item.bitmap, item.opacity));
    const name = `overlay@m${draft.chains.length}`;
    set(draft, name, "x", Math.round(item.x));
    set(draft, name, "y", Math.round(item.y));
    // They may move with each frame: where they are is no part of the graph.
    return add(draft, [below, picture], `${name}=x=0:y=0:eval=init:format=yuv420`);
  }
  const source = draft.pictureOf(item.sourceId);
  if (source === null) {
    const box = item.background === null ? null : fitBox(item, draft.canvas);
    if (box === null || item.background === null) return below;
    const solid = input(draft, draft.stills.solid(box.visible.width, box.visible.height, item.background));
    return lay(draft, below, masked(draft, solid, item, box.visible, box.shape), box.visible);
  }
  const fitted = fitPicture(item, source, draft.canvas);
  if (fitted === null) return below;
  // What covers its box, and hides all behind it, is laid without looking at how much of it is seen.
  const format = isMasked(item) || hasAlpha(source.frame) ? "yuva420p" : "yuv420p";
  const picture = drawPicture(draft, source.frame, fitted, item.background, format);
  return lay(draft, below, masked(draft, picture, item, fitted.visible, fitted.shape), fitted.visible);
}

function drawPicture(draft: Draft, frame: Frame, fitted: Fitted, background: string | null, format: string): string {
  const { cut, pad, width, height } = fitted;
  const steps = [
    ...(cut === null ? [] : [`crop=${cut.width}:${cut.height}:${cut.x}:${cut.y}:exact=1`]),
    `scale=${width}:${height}:flags=bicubic:out_color_matrix=bt709:out_range=tv`,
    "setsar=1",
    `format=${format}`,
    ...(pad === null ? [] : [`pad=${pad.width}:${pad.height}:${pad.x}:${pad.y}:${colorName(background)}`]),
  ];
  return add(draft, [input(draft, frame)], steps.join(","));
}

/** Of a text that becomes part of a graph nothing but a colour is taken. */
function colorName(color: string | null): string {
  return color !== null && /^#[\da-f]{6}$/iu.test(color) ? color : black;
}

function isMasked(item: { readonly radius: number; readonly opacity: number }): boolean {
  return item.radius > 0 || item.opacity < 1;
}

function masked(
  draft: Draft,
  picture: string,
  item: { readonly radius: number; readonly opacity: number },
  visible: PixelBox,
  shape: PixelBox,
): string {
  if (!isMasked(item)) return picture;
  const mask = input(draft, draft.stills.mask(visible, shape, item.radius, item.opacity));
  return add(draft, [picture, mask], "alphamerge");
}

function lay(draft: Draft, below: string, picture: string, at: PixelBox): string {
  return add(draft, [below, picture], `overlay=x=${at.x}:y=${at.y}:eval=init:format=yuv420`);
}

function add(draft: Draft, from: readonly string[], filters: string): string {
  const out = `v${draft.chains.length}`;
  draft.chains.push(`${from.map((name) => `[${name}]`).join("")}${filters}[${out}]`);
  return out;
}

function input(draft: Draft, frame: Frame): string {
  const { num, den } = { num: 1, den: draft.canvas.frameRate };
  const index = draft.inputs.push(frame) - 1;
  const options = [
    `video_size=${frame.width}x${frame.height}`,
    `pix_fmt=${frame.format}`,
    `time_base=${num}/${den}`,
    `colorspace=${frame.colorSpace}`,
    `range=${frame.colorRange}`,
  ];
  draft.chains.push(`buffer@i${index}=${options.join(":")}[i${index}]`);
  return `i${index}`;
}

function set(draft: Draft, filter: string, option: string, value: number): void {
  draft.settings.push({ filter, option, value: String(value) });
}
