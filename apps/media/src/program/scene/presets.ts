import type { SceneBox, ScenePreset } from "@trax/media-protocol";
import type { CanvasSize, SceneSource } from "./scene-source.ts";

/** A place for one source. An inset lies on top of others and is as large as its picture. */
export type Slot = SceneBox & { readonly inset: boolean };

/** More sources than this are not shown at once by the automatic scene: each would be too small to see. */
const automaticLimit = 25;

const whole: SceneBox = { x: 0, y: 0, width: 1, height: 1 };

/**
 * The places of a preset, in the order of its slots, back to front. `count` is
 * how many slots the scene has, filled or not: a grid has as many places as
 * that, the others have at most their own number.
 */
export function presetSlots(preset: ScenePreset, count: number, canvas: CanvasSize): Slot[] {
  if (count <= 0) return [];
  const plain = (boxes: readonly SceneBox[]): Slot[] => boxes.map((box) => ({ ...box, inset: false }));
  switch (preset) {
    case "solo":
      return plain([whole]);
    case "side-by-side":
      return plain(row(2, whole, isWide(canvas)));
    case "picture-in-picture":
      return [...plain([whole]), { ...insetPlace(canvas), inset: true }].slice(0, count);
    case "grid":
      return plain(gridBoxes(count, canvas, 16 / 9));
    case "focus":
      return plain(focusBoxes(count, canvas));
  }
}

/** The automatic scene: one source alone, two side by side, more in a grid. */
export function automaticSlots(
  online: readonly SceneSource[],
  canvas: CanvasSize,
): (Slot & { readonly sourceId: string })[] {
  const shown = online.slice(0, automaticLimit);
  const boxes =
    shown.length === 2
      ? row(2, whole, isWide(canvas))
      : shown.length === 1
        ? [whole]
        : gridBoxes(shown.length, canvas, commonShape(shown));
  return shown.flatMap((source, index) => {
    const box = boxes[index];
    return box === undefined ? [] : [{ ...box, inset: false, sourceId: source.sourceId }];
  });
}

function isWide(canvas: CanvasSize): boolean {
  return canvas.width >= canvas.height;
}

/** `count` equal boxes beside each other, or, where `wide` is false, below each other. */
function row(count: number, within: SceneBox, wide: boolean): SceneBox[] {
  return Array.from({ length: count }, (_, index) =>
    wide
      ? { ...within, x: within.x + (within.width * index) / count, width: within.width / count }
      : { ...within, y: within.y + (within.height * index) / count, height: within.height / count },
  );
}

/** Three tenths of the canvas in the bottom right corner, as far from both edges. */
function insetPlace(canvas: CanvasSize): SceneBox {
  const margin = 0.03 * Math.min(canvas.width, canvas.height);
  const size = 0.3;
  return {
    x: 1 - size - margin / canvas.width,
    y: 1 - size - margin / canvas.height,
    width: size,
    height: size,
  };
}

/** The first large, the others in a strip beside it (on a tall canvas: below it). */
function focusBoxes(count: number, canvas: CanvasSize): SceneBox[] {
  if (count === 1) return [whole];
  const share = 0.75;
  // No more than a quarter of the strip each, so that one other is not a tower.
  const others = Math.max(4, count - 1);
  return isWide(canvas)
    ? [
        { ...whole, width: share },
        ...row(others, { x: share, y: 0, width: 1 - share, height: 1 }, false).slice(0, count - 1),
      ]
    : [
        { ...whole, height: share },
        ...row(others, { x: 0, y: share, width: 1, height: 1 - share }, true).slice(0, count - 1),
      ];
}

/** The grid in which pictures of that shape (width / height) come out largest; an incomplete last row is centred. */
function gridBoxes(count: number, canvas: CanvasSize, shape: number): SceneBox[] {
  let best = { columns: 1, area: 0 };
  for (let columns = 1; columns <= count; columns++) {
    const rows = Math.ceil(count / columns);
    const cellWidth = canvas.width / columns;
    const cellHeight = canvas.height / rows;
    const width = Math.min(cellWidth, cellHeight * shape);
    const area = (width * width) / shape;
    if (area > best.area * 1.001) best = { columns, area };
  }
  const { columns } = best;
  const rows = Math.ceil(count / columns);
  return Array.from({ length: count }, (_, index) => {
    const rowIndex = Math.floor(index / columns);
    const inRow = Math.min(columns, count - rowIndex * columns);
    const indent = (columns - inRow) / 2;
    return {
      x: ((index % columns) + indent) / columns,
      y: rowIndex / rows,
      width: 1 / columns,
      height: 1 / rows,
    };
  });
}

/** The shape most of the sources have: upright or 16:9. */
function commonShape(sources: readonly SceneSource[]): number {
  const upright = sources.filter((source) => source.height > source.width).length;
  return upright * 2 > sources.length ? 9 / 16 : 16 / 9;
}
