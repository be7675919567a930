import { AV_BUFFERSRC_FLAG_KEEP_REF, AV_FRAME_DATA_DISPLAYMATRIX } from "node-av/constants";
import { FFmpegError, FilterGraph, Frame } from "node-av/lib";
import type { FilterContext } from "node-av/lib";
import { SharedFrame } from "./shared-frame.ts";
import { turningFilters } from "./turning.ts";

type Built = {
  readonly text: string;
  readonly graph: FilterGraph;
  readonly source: FilterContext;
  readonly sink: FilterContext;
};

/**
 * Turns decoded pictures as they ask for: by the matrix of an MP4 track, an
 * orientation in H.264 or HEVC (SEI), or in a JPEG (Exif), which FFmpeg all gives
 * with the frame. Costs nothing where none does. One at a time.
 */
export class Upright {
  #built: Built | null = null;

  /** Takes the picture over, and gives it back upright. What cannot be turned stays as it is. */
  async turn(picture: SharedFrame): Promise<SharedFrame> {
    const turning = turningFilters(picture.frame.getSideData(AV_FRAME_DATA_DISPLAYMATRIX));
    if (turning.length === 0) return picture;
    const out = new Frame();
    out.alloc();
    try {
      const { source, sink } = await this.#graphFor(picture, turning);
      // Only queued: the work is done on another thread, when the frame is asked for.
      FFmpegError.throwIfError(source.buffersrcAddFrameSync(picture.frame, AV_BUFFERSRC_FLAG_KEEP_REF), "push");
      FFmpegError.throwIfError(await sink.buffersinkGetFrame(out), "turn");
    } catch {
      out.free();
      return picture;
    }
    picture.release();
    return new SharedFrame(out);
  }

  free(): void {
    this.#built?.graph.free();
    this.#built = null;
  }

  async #graphFor({ frame, width, height }: SharedFrame, turning: readonly string[]): Promise<Built> {
    const { num, den } = frame.sampleAspectRatio;
    const options = [
      `video_size=${width}x${height}`,
      `pix_fmt=${frame.format}`,
      "time_base=1/1000000",
      `pixel_aspect=${num}/${Math.max(1, den)}`,
      `colorspace=${frame.colorSpace}`,
      `range=${frame.colorRange}`,
    ];
    const text = [`buffer@in=${options.join(":")}`, ...turning, "buffersink@out"].join(",");
    if (this.#built?.text === text) return this.#built;
    this.free();
    const graph = new FilterGraph();
    try {
      graph.alloc();
      graph.nbThreads = 1;
      FFmpegError.throwIfError(graph.parse2(text), "build");
      FFmpegError.throwIfError(await graph.config(), "configure");
      const [source, sink] = [graph.getFilter("buffer@in"), graph.getFilter("buffersink@out")];
      if (source === null || sink === null) throw new Error("the graph has no ends");
      this.#built = { text, graph, source, sink };
      return this.#built;
    } catch (error) {
      graph.free();
      throw error;
    }
  }
}
