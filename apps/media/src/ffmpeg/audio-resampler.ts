import { AV_SAMPLE_FMT_FLTP } from "node-av/constants";
import { FFmpegError, FilterGraph, Frame } from "node-av/lib";
import type { FilterContext } from "node-av/lib";

/** Over a longer gap in the source's sound nothing is made up: the timestamps tell. */
const longestSilenceMs = 1_000;

export type Resampling = {
  /** Of the input's timestamps in a second. */
  readonly ticks: number;
  readonly outputRate: number;
  /**
   * Of each frame that comes out, and where the timestamps and the number of
   * samples disagree, it stretches a little or fills with silence. Null: what
   * comes in comes out, in frames as they fall.
   */
  readonly frameSamples: number | null;
};

/** Sound of one format made stereo float of one rate, planar, stamped in samples. */
export class AudioResampler {
  readonly #graph: FilterGraph;
  readonly #source: FilterContext;
  readonly #sink: FilterContext;
  readonly #format: string;
  readonly #longestStep: number;
  #lastPts: bigint;

  private constructor(graph: FilterGraph, ends: readonly [FilterContext, FilterContext], first: Frame, ticks: number) {
    this.#graph = graph;
    [this.#source, this.#sink] = ends;
    this.#format = formatOf(first);
    this.#longestStep = (longestSilenceMs * ticks) / 1_000;
    this.#lastPts = first.pts;
  }

  /** For frames like `first`. Throws FFmpegError. */
  static async open(first: Frame, { ticks, outputRate, frameSamples }: Resampling): Promise<AudioResampler> {
    const graph = new FilterGraph();
    graph.alloc();
    try {
      graph.nbThreads = 1;
      const keepsTime = frameSamples !== null;
      const description = [
        `abuffer@in=time_base=1/${ticks}:${formatOf(first)}`,
        ...channelsOf(first),
        `aresample=${outputRate}${keepsTime ? ":async=1000:min_hard_comp=0.1" : ""}`,
        `aformat=sample_fmts=fltp:sample_rates=${outputRate}:channel_layouts=stereo`,
        ...(keepsTime ? [`asetnsamples=n=${frameSamples}:p=0`] : []),
        "abuffersink@out",
      ].join(",");
      FFmpegError.throwIfError(graph.parse2(description), "build the resampler");
      FFmpegError.throwIfError(await graph.config(), "configure the resampler");
      const source = graph.getFilter("abuffer@in");
      const sink = graph.getFilter("abuffersink@out");
      if (source === null || sink === null) throw new Error("the resampler has no ends");
      return new AudioResampler(graph, [source, sink], first, ticks);
    } catch (error) {
      graph.free();
      throw error;
    }
  }

  /** Whether the frame is of the same format. */
  takes(frame: Frame): boolean {
    return formatOf(frame) === this.#format;
  }

  /** Whether the frame goes on from what came before. */
  goesOn(frame: Frame): boolean {
    const step = Number(frame.pts - this.#lastPts);
    return this.takes(frame) && step >= 0 && step < this.#longestStep;
  }

  /** Frames that are complete now; each is valid until the next is asked for. */
  async *resample(frame: Frame): AsyncGenerator<Frame> {
    this.#lastPts = frame.pts;
    FFmpegError.throwIfError(this.#source.buffersrcAddFrameSync(frame), "resample");
    using out = new Frame();
    out.alloc();
    // The first asking does the work: a tenth of a millisecond, and on a busy machine another thread takes longer to begin.
    let result = this.#sink.buffersinkGetFrameSync(out);
    while (result >= 0) {
      yield out;
      out.unref();
      result = this.#sink.buffersinkGetFrameSync(out);
    }
  }

  free(): void {
    this.#graph.free();
  }
}

/** Whether it is what a resampler gives, but for one channel instead of two. */
export function isPlain(frame: Frame, rate: number): boolean {
  return frame.sampleRate === rate && frame.format === AV_SAMPLE_FMT_FLTP && frame.channelLayout.nbChannels <= 2;
}

/** One channel goes to both sides, as loud as it is; many without a known layout are left and right and others. */
function channelsOf(frame: Frame): string[] {
  const { mask, nbChannels } = frame.channelLayout;
  if (nbChannels === 1) return ["pan=stereo|c0=c0|c1=c0"];
  return mask === 0n ? ["pan=stereo|c0=c0|c1=c1"] : [];
}

function formatOf(frame: Frame): string {
  const { mask, nbChannels } = frame.channelLayout;
  const layout = mask === 0n ? `${nbChannels}c` : `0x${mask.toString(16)}`;
  return `sample_rate=${frame.sampleRate}:sample_fmt=${frame.format}:channel_layout=${layout}`;
}
