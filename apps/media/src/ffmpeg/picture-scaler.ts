import { FFmpegError, FilterGraph, Frame } from "node-av/lib";
import type { FilterContext } from "node-av/lib";
import { SharedFrame } from "./shared-frame.ts";

export type Size = { readonly width: number; readonly height: number };

type Built = {
  readonly of: string;
  readonly graph: FilterGraph;
  readonly source: FilterContext;
  readonly sink: FilterContext;
};

/** Turns pictures upright and makes them one size, 4:2:0 in BT.709 limited range with square pixels. One at a time. */
export class PictureScaler {
  readonly #size: Size;
  readonly #turning: readonly string[];
  #built: Built | null = null;

  /** `size`: pixels, even. `turning`: filters, see `turning.ts`. */
  constructor(size: Size, turning: readonly string[]) {
    this.#size = size;
    this.#turning = turning;
  }

  /** The caller holds what it gets. Throws FFmpegError. */
  async scale(picture: SharedFrame): Promise<SharedFrame> {
    const { graph: _graph, source, sink } = await this.#graphFor(picture);
    using frame = picture.frame.clone();
    if (frame === null) throw new Error("the picture could not be taken");
    frame.pts = 0n;
    // Only queued: the work is done on another thread, when the frame is asked for.
    FFmpegError.throwIfError(source.buffersrcAddFrameSync(frame), "push a picture");
    const out = new Frame();
    out.alloc();
    const made = await sink.buffersinkGetFrame(out);
    if (made < 0) out.free();
    FFmpegError.throwIfError(made, "scale");
    return new SharedFrame(out);
  }

  free(): void {
    this.#built?.graph.free();
    this.#built = null;
  }

  async #graphFor({ width, height, frame }: SharedFrame): Promise<Built> {
    const of = `video_size=${width}x${height}:pix_fmt=${frame.format}:time_base=1/1000:colorspace=${frame.colorSpace}:range=${frame.colorRange}`;
    if (this.#built?.of === of) return this.#built;
    this.free();
    const graph = new FilterGraph();
    try {
      graph.alloc();
      graph.nbThreads = 1;
      const text = [
        `buffer@in=${of}`,
        ...this.#turning,
        `scale=${this.#size.width}:${this.#size.height}:flags=bicubic:out_color_matrix=bt709:out_range=tv`,
        "setsar=1",
        "format=yuv420p",
        "buffersink@out",
      ].join(",");
      FFmpegError.throwIfError(graph.parse2(text), "build the scaler");
      FFmpegError.throwIfError(await graph.config(), "configure the scaler");
      const source = graph.getFilter("buffer@in");
      const sink = graph.getFilter("buffersink@out");
      if (source === null || sink === null) throw new Error("the scaler has no ends");
      this.#built = { of, graph, source, sink };
      return this.#built;
    } catch (error) {
      graph.free();
      throw error;
    }
  }
}
