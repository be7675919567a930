import {
  AVCOL_RANGE_JPEG,
  AVCOL_RANGE_MPEG,
  AVCOL_SPC_BT2020_CL,
  AVCOL_SPC_BT2020_NCL,
  AVCOL_SPC_BT470BG,
  AVCOL_SPC_BT709,
  AVCOL_SPC_FCC,
  AVCOL_SPC_RGB,
  AVCOL_SPC_SMPTE170M,
  AVCOL_SPC_SMPTE240M,
} from "node-av/constants";
import type { AVColorSpace } from "node-av/constants";
import type { Frame } from "node-av/lib";

/** What FFmpeg's scaler reads: a graph with a picture of any other is not built at all. */
const read: ReadonlySet<AVColorSpace> = new Set([
  AVCOL_SPC_RGB,
  AVCOL_SPC_BT709,
  AVCOL_SPC_FCC,
  AVCOL_SPC_BT470BG,
  AVCOL_SPC_SMPTE170M,
  AVCOL_SPC_SMPTE240M,
  AVCOL_SPC_BT2020_NCL,
]);

/**
 * Makes a decoded picture say colours that it can be drawn with, whatever its
 * sender wrote (H.264, E.2.1, has 255 values for them). Who says nothing, or
 * what nobody reads, is taken at what nearly everybody sends.
 */
export function settleColors(frame: Frame, mayBeRgb: boolean): void {
  if (frame.colorRange !== AVCOL_RANGE_JPEG) frame.colorRange = AVCOL_RANGE_MPEG;
  // Of the two ways of BT.2020 the other is near enough.
  if (frame.colorSpace === AVCOL_SPC_BT2020_CL) frame.colorSpace = AVCOL_SPC_BT2020_NCL;
  const isOdd = frame.colorSpace === AVCOL_SPC_RGB && !mayBeRgb;
  if (isOdd || !read.has(frame.colorSpace)) frame.colorSpace = AVCOL_SPC_BT709;
}
