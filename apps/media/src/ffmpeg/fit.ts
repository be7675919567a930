import type { DrawItem, PixelBox } from "../program/draw.ts";

/** A picture's size in pixels, as it is to be looked at: upright. */
export type PictureSize = {
  readonly width: number;
  readonly height: number;
  /** Width of a pixel by its height. */
  readonly pixelAspect: number;
};

/** How a picture gets into its box: cut out, scaled, perhaps padded, and put somewhere. All in whole pixels. */
export type Fitted = {
  /** Of the picture; null takes it whole. */
  readonly cut: PixelBox | null;
  readonly width: number;
  readonly height: number;
  /** The padded size, and where in it the picture is. */
  readonly pad: PixelBox | null;
  /** What can be seen of the layer, on the canvas. */
  readonly visible: PixelBox;
  /** The whole layer, which rounded corners belong to. */
  readonly shape: PixelBox;
};

type SourceItem = Extract<DrawItem, { kind: "source" }>;
type Size = { readonly width: number; readonly height: number };

/**
 * Fits a picture into its item's box on the canvas. Edges are rounded to even
 * pixels, which 4:2:0 needs, so that boxes that touch still do. Null where
 * nothing of it would be seen.
 */
export function fitPicture(item: SourceItem, picture: PictureSize, canvas: Size): Fitted | null {
  let cut = cropped(item.crop, picture);
  let target: PixelBox = item.box;
  const aspect = (cut.width * picture.pixelAspect) / cut.height;
  if (item.fit === "contain") target = contained(item.box, aspect);
  else if (item.fit === "cover") cut = covering(cut, aspect, item.box.width / item.box.height);

  const whole = toEven(target);
  const seen = intersection(whole, canvas);
  if (seen === null) return null;
  const visibleCut = partOf(cut, whole, seen);
  const box = toEven(item.box);
  const frame = item.background === null || item.fit !== "contain" ? null : intersection(box, canvas);
  const pad = frame === null ? null : { ...frame, x: seen.x - frame.x, y: seen.y - frame.y };
  return {
    cut: toPixels(visibleCut, picture),
    width: seen.width,
    height: seen.height,
    pad,
    visible: frame ?? seen,
    shape: frame === null ? whole : box,
  };
}

/** The box of an item that has no picture, where it can be seen. */
export function fitBox(item: SourceItem, canvas: Size): { visible: PixelBox; shape: PixelBox } | null {
  const shape = toEven(item.box);
  const visible = intersection(shape, canvas);
  return visible === null ? null : { visible, shape };
}

function cropped(crop: SourceItem["crop"], picture: PictureSize): PixelBox {
  const width = Math.max(1, picture.width * (1 - crop.left - crop.right));
  const height = Math.max(1, picture.height * (1 - crop.top - crop.bottom));
  return { x: picture.width * crop.left, y: picture.height * crop.top, width, height };
}

function contained(box: PixelBox, aspect: number): PixelBox {
  const width = Math.min(box.width, box.height * aspect);
  const height = Math.min(box.height, box.width / aspect);
  return { x: box.x + (box.width - width) / 2, y: box.y + (box.height - height) / 2, width, height };
}

function covering(cut: PixelBox, aspect: number, wanted: number): PixelBox {
  const width = cut.width * Math.min(1, wanted / aspect);
  const height = cut.height * Math.min(1, aspect / wanted);
  return { x: cut.x + (cut.width - width) / 2, y: cut.y + (cut.height - height) / 2, width, height };
}

function toEven(box: PixelBox): PixelBox {
  const x = 2 * Math.round(box.x / 2);
  const y = 2 * Math.round(box.y / 2);
  const width = Math.max(2, 2 * Math.round((box.x + box.width) / 2) - x);
  const height = Math.max(2, 2 * Math.round((box.y + box.height) / 2) - y);
  return { x, y, width, height };
}

function intersection(box: PixelBox, canvas: Size): PixelBox | null {
  const x = Math.max(0, box.x);
  const y = Math.max(0, box.y);
  const width = Math.min(canvas.width, box.x + box.width) - x;
  const height = Math.min(canvas.height, box.y + box.height) - y;
  return width >= 2 && height >= 2 ? { x, y, width, height } : null;
}

/** The part of `cut` that is seen where `seen` is of `whole`. */
function partOf(cut: PixelBox, whole: PixelBox, seen: PixelBox): PixelBox {
  const [byX, byY] = [cut.width / whole.width, cut.height / whole.height];
  return {
    x: cut.x + (seen.x - whole.x) * byX,
    y: cut.y + (seen.y - whole.y) * byY,
    width: seen.width * byX,
    height: seen.height * byY,
  };
}

function toPixels(cut: PixelBox, picture: PictureSize): PixelBox | null {
  // Colour comes at every second pixel, and a cut begins with one.
  const x = Math.min(2 * Math.round(cut.x / 2), 2 * Math.floor((picture.width - 1) / 2));
  const y = Math.min(2 * Math.round(cut.y / 2), 2 * Math.floor((picture.height - 1) / 2));
  const width = Math.min(Math.max(1, Math.round(cut.width)), picture.width - x);
  const height = Math.min(Math.max(1, Math.round(cut.height)), picture.height - y);
  const isWhole = x === 0 && y === 0 && width === picture.width && height === picture.height;
  return isWhole ? null : { x, y, width, height };
}
