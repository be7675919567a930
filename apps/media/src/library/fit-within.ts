type Size = { readonly width: number; readonly height: number };

/** The size of a preview picture, at the most. */
export const thumbnailBox: Size = { width: 640, height: 360 };

/** The same shape, no larger than the box; whole pixels. */
export function fitWithin({ width, height }: Size, box: Size): Size {
  const scale = Math.min(1, box.width / width, box.height / height);
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}
