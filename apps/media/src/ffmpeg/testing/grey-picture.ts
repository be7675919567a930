import { AV_PIX_FMT_GRAY32LE, AV_PIX_FMT_YUV420P, AVCOL_RANGE_MPEG, AVCOL_SPC_BT709 } from "node-av/constants";
import { FFmpegError, Frame } from "node-av/lib";
import { SharedFrame } from "../shared-frame.ts";

/** Grey, 64x36; `drawable` or in a format that FFmpeg does not scale. */
export function greyPicture(format: "drawable" | "undrawable"): SharedFrame {
  const frame = new Frame();
  frame.alloc();
  const isDrawable = format === "drawable";
  Object.assign(frame, { width: 64, height: 36, format: isDrawable ? AV_PIX_FMT_YUV420P : AV_PIX_FMT_GRAY32LE });
  FFmpegError.throwIfError(frame.getBuffer(), "make");
  frame.colorRange = AVCOL_RANGE_MPEG;
  frame.colorSpace = AVCOL_SPC_BT709;
  for (const plane of frame.data ?? []) plane.fill(128);
  return new SharedFrame(frame);
}
