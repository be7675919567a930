import type { Bitmap, PixelBox } from "../program/draw.ts";

/**
 * Planes of 8 bit 4:2:0 with an alpha plane (Y, U, V, A without padding), BT.709
 * limited range, of a bitmap. Colour is averaged by how much each pixel is seen,
 * so that what is transparent does not stain the edges.
 */
export function toYuva420(bitmap: Bitmap): Buffer {
  const { width, height, data } = bitmap;
  const chromaWidth = (width + 1) >> 1;
  const chromaHeight = (height + 1) >> 1;
  const luma = width * height;
  const chroma = chromaWidth * chromaHeight;
  const planes = Buffer.allocUnsafe(luma * 2 + chroma * 2);
  const [uAt, vAt, alphaAt] = [luma, luma + chroma, luma + chroma * 2];
  for (let cy = 0; cy < chromaHeight; cy += 1) {
    for (let cx = 0; cx < chromaWidth; cx += 1) {
      let [red, green, blue, weight] = [0, 0, 0, 0];
      const lastY = Math.min(height, cy * 2 + 2);
      const lastX = Math.min(width, cx * 2 + 2);
      for (let y = cy * 2; y < lastY; y += 1) {
        for (let x = cx * 2; x < lastX; x += 1) {
          const at = y * width + x;
          const from = at * 4;
          const r = data[from] ?? 0;
          const g = data[from + 1] ?? 0;
          const b = data[from + 2] ?? 0;
          const alpha = data[from + 3] ?? 0;
          planes[at] = lumaOf(r, g, b);
          planes[alphaAt + at] = alpha;
          red += r * alpha;
          green += g * alpha;
          blue += b * alpha;
          weight += alpha;
        }
      }
      const at = cy * chromaWidth + cx;
      const by = weight === 0 ? 0 : 1 / weight;
      planes[uAt + at] = blueDifferenceOf(red * by, green * by, blue * by);
      planes[vAt + at] = redDifferenceOf(red * by, green * by, blue * by);
    }
  }
  return planes;
}

/** The same picture, seen less. */
export function withOpacity(yuva: Buffer, width: number, height: number, opacity: number): Buffer {
  const faded = Buffer.from(yuva);
  const factor = Math.round(opacity * 256);
  for (let at = faded.length - width * height; at < faded.length; at += 1) faded[at] = ((faded[at] ?? 0) * factor) >> 8;
  return faded;
}

/** Planes of 4:2:0 in one colour, `#rrggbb`. */
export function solidYuv420(width: number, height: number, color: string): Buffer {
  const value = Number.parseInt(color.slice(1), 16) || 0;
  const [r, g, b] = [(value >> 16) & 0xff, (value >> 8) & 0xff, value & 0xff];
  const luma = width * height;
  const chroma = ((width + 1) >> 1) * ((height + 1) >> 1);
  const planes = Buffer.alloc(luma + chroma * 2, lumaOf(r, g, b));
  planes.fill(blueDifferenceOf(r, g, b), luma, luma + chroma);
  planes.fill(redDifferenceOf(r, g, b), luma + chroma);
  return planes;
}

/** How much of each pixel of `visible` is seen (0 to 255), where `shape` has round corners. */
export function maskPixels(visible: PixelBox, shape: PixelBox, radius: number, opacity: number): Buffer {
  const { width, height } = visible;
  const full = Math.round(opacity * 255);
  const mask = Buffer.alloc(width * height, full);
  const round = Math.min(radius, shape.width / 2, shape.height / 2);
  if (round <= 0) return mask;
  for (let y = 0; y < height; y += 1) {
    const dy = intoCorner(visible.y + y + 0.5 - shape.y, shape.height, round);
    if (dy === 0) continue;
    for (let x = 0; x < width; x += 1) {
      const dx = intoCorner(visible.x + x + 0.5 - shape.x, shape.width, round);
      if (dx === 0) continue;
      const covered = Math.min(1, Math.max(0, round - Math.hypot(dx, dy) + 0.5));
      mask[y * width + x] = Math.round(full * covered);
    }
  }
  return mask;
}

/** How far a place is beyond the centre of its corner's circle; 0 between corners. */
function intoCorner(at: number, size: number, radius: number): number {
  return Math.max(0, radius - at, at - (size - radius));
}

// ITU-R BT.709, 8 bit limited range.
function lumaOf(r: number, g: number, b: number): number {
  return Math.round(16 + 0.182586 * r + 0.614231 * g + 0.062007 * b);
}

function blueDifferenceOf(r: number, g: number, b: number): number {
  return Math.round(128 - 0.100644 * r - 0.338572 * g + 0.439216 * b);
}

function redDifferenceOf(r: number, g: number, b: number): number {
  return Math.round(128 + 0.439216 * r - 0.398942 * g - 0.040274 * b);
}
