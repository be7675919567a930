import {
  AV_PIX_FMT_GRAY8,
  AV_PIX_FMT_YUV420P,
  AV_PIX_FMT_YUVA420P,
  AVCOL_RANGE_JPEG,
  AVCOL_RANGE_MPEG,
  AVCOL_SPC_BT709,
} from "node-av/constants";
import type { AVPixelFormat } from "node-av/constants";
import { FFmpegError, Frame } from "node-av/lib";
import type { Bitmap, PixelBox } from "../program/draw.ts";
import { maskPixels, solidYuv420, toYuva420, withOpacity } from "./still-pixels.ts";

/** Pictures not drawn for so many frames are let go. */
const keptForFrames = 60;

type Kept = { readonly frame: Frame; usedAt: number };

/** Frames that stay the same from tick to tick: bitmaps, masks and plain colours, made once and pushed as references. */
export class StillFrames {
  readonly #bitmaps = new Map<Bitmap, { readonly planes: Buffer; readonly frame: Frame; usedAt: number }>();
  /** By the item's key: a bitmap that is fading. */
  readonly #faded = new Map<string, Kept & { readonly bitmap: Bitmap; readonly opacity: number }>();
  readonly #others = new Map<string, Kept>();
  /** Given out for this frame, and not to be kept after it. */
  #replaced: Frame[] = [];
  #tick = 0;

  bitmap(key: string, bitmap: Bitmap, opacity: number): Frame {
    let whole = this.#bitmaps.get(bitmap);
    if (whole === undefined) {
      const planes = toYuva420(bitmap);
      whole = { planes, frame: newFrame(planes, bitmap, AV_PIX_FMT_YUVA420P), usedAt: 0 };
      this.#bitmaps.set(bitmap, whole);
    }
    whole.usedAt = this.#tick;
    if (opacity >= 1) return whole.frame;
    const known = this.#faded.get(key);
    if (known?.bitmap === bitmap && known.opacity === opacity) {
      known.usedAt = this.#tick;
      return known.frame;
    }
    // Two scenes of one frame may both have that key: the other's is still drawn.
    if (known !== undefined) this.#replaced.push(known.frame);
    const planes = withOpacity(whole.planes, bitmap.width, bitmap.height, opacity);
    const frame = newFrame(planes, bitmap, AV_PIX_FMT_YUVA420P);
    this.#faded.set(key, { frame, bitmap, opacity, usedAt: this.#tick });
    return frame;
  }

  mask(visible: PixelBox, shape: PixelBox, radius: number, opacity: number): Frame {
    const name = `mask ${[visible, shape].flatMap((box) => [box.x, box.y, box.width, box.height]).join()} ${radius} ${opacity}`;
    return this.#other(name, () => newFrame(maskPixels(visible, shape, radius, opacity), visible, AV_PIX_FMT_GRAY8));
  }

  solid(width: number, height: number, color: string): Frame {
    return this.#other(`solid ${width}x${height} ${color}`, () =>
      newFrame(solidYuv420(width, height, color), { width, height }, AV_PIX_FMT_YUV420P),
    );
  }

  /** Once a frame, when nothing more is asked for it: frees what has not been used for long. */
  sweep(): void {
    this.#tick += 1;
    this.#freeUnused(this.#tick - keptForFrames);
  }

  free(): void {
    this.#freeUnused(Infinity);
  }

  #freeUnused(before: number): void {
    for (const frame of this.#replaced) frame.free();
    this.#replaced = [];
    freeUnused(this.#bitmaps, before);
    freeUnused(this.#faded, before);
    freeUnused(this.#others, before);
  }

  #other(name: string, make: () => Frame): Frame {
    const known = this.#others.get(name);
    if (known !== undefined) {
      known.usedAt = this.#tick;
      return known.frame;
    }
    const frame = make();
    this.#others.set(name, { frame, usedAt: this.#tick });
    return frame;
  }
}

function freeUnused<K, V extends Kept>(kept: Map<K, V>, before: number): void {
  for (const [key, each] of kept) {
    if (each.usedAt >= before) continue;
    each.frame.free();
    kept.delete(key);
  }
}

function newFrame(planes: Buffer, size: { width: number; height: number }, format: AVPixelFormat): Frame {
  const frame = new Frame();
  frame.alloc();
  frame.width = size.width;
  frame.height = size.height;
  frame.format = format;
  FFmpegError.throwIfError(frame.getBuffer(), "make a picture");
  // A frame made of a buffer looks into that very buffer, which goes away without it.
  using view = Frame.fromVideoBuffer(planes, { width: size.width, height: size.height, format });
  FFmpegError.throwIfError(frame.copy(view), "fill a picture");
  frame.colorRange = format === AV_PIX_FMT_GRAY8 ? AVCOL_RANGE_JPEG : AVCOL_RANGE_MPEG;
  frame.colorSpace = AVCOL_SPC_BT709;
  return frame;
}
