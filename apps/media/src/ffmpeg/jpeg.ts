import { AV_PIX_FMT_YUVJ420P, AVCOL_RANGE_JPEG, FF_ENCODER_MJPEG } from "node-av/constants";
import { Codec, CodecContext, FFmpegError, FilterGraph, Frame, Packet, Rational } from "node-av/lib";
import type { SharedFrame } from "./shared-frame.ts";

/** Of 1 (best) to 31: about 50 kB for 720p. */
const quality = 5;
/** libavutil's FF_QP2LAMBDA. */
const lambdaOfQuality = 118;

/** A picture as JPEG, upright and with square pixels, made smaller to `maxWidth`. Throws FFmpegError. */
export async function encodeJpeg(picture: SharedFrame, maxWidth: number): Promise<Buffer> {
  using scaled = await scale(picture, maxWidth);
  const codec = Codec.findEncoderByName(FF_ENCODER_MJPEG);
  const context = new CodecContext();
  try {
    context.allocContext3(codec);
    context.width = scaled.width;
    context.height = scaled.height;
    context.pixelFormat = AV_PIX_FMT_YUVJ420P;
    context.colorRange = AVCOL_RANGE_JPEG;
    context.timeBase = new Rational(1, 1);
    context.threadCount = 1;
    context.globalQuality = quality * lambdaOfQuality;
    context.qMin = quality;
    context.qMax = quality;
    FFmpegError.throwIfError(await context.open2(codec, null), "open the JPEG encoder");
    scaled.pts = 0n;
    FFmpegError.throwIfError(await context.sendFrame(scaled), "encode a JPEG");
    using packet = new Packet();
    packet.alloc();
    FFmpegError.throwIfError(await context.receivePacket(packet), "encode a JPEG");
    if (packet.data === null) throw new Error("the JPEG encoder gave nothing");
    return Buffer.from(packet.data);
  } finally {
    context.freeContext();
  }
}

async function scale(picture: SharedFrame, maxWidth: number): Promise<Frame> {
  const upright = picture.width * picture.pixelAspect;
  const width = Math.max(2, 2 * Math.round(Math.min(maxWidth, upright) / 2));
  const height = Math.max(2, 2 * Math.round((picture.height * width) / upright / 2));
  const { format, colorSpace, colorRange } = picture.frame;
  const graph = new FilterGraph();
  const frame = picture.frame.clone();
  const out = new Frame();
  out.alloc();
  try {
    graph.alloc();
    graph.nbThreads = 1;
    const text = [
      `buffer@in=video_size=${picture.width}x${picture.height}:pix_fmt=${format}:time_base=1/1:colorspace=${colorSpace}:range=${colorRange}`,
      // JPEG is BT.601, full range (JFIF).
      `scale=${width}:${height}:out_color_matrix=smpte170m:out_range=pc`,
      "format=yuvj420p",
      "buffersink@out",
    ].join(",");
    FFmpegError.throwIfError(graph.parse2(text), "build the scaler");
    FFmpegError.throwIfError(await graph.config(), "configure the scaler");
    if (frame === null) throw new Error("the picture could not be taken");
    frame.pts = 0n;
    const added = graph.getFilter("buffer@in")?.buffersrcAddFrameSync(frame) ?? -1;
    FFmpegError.throwIfError(added, "push a picture");
    const made = (await graph.getFilter("buffersink@out")?.buffersinkGetFrame(out)) ?? -1;
    FFmpegError.throwIfError(made, "scale");
    return out;
  } catch (error) {
    out.free();
    throw error;
  } finally {
    frame?.free();
    graph.free();
  }
}
