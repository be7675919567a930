import { FFmpegError, FilterGraph, Frame } from "node-av/lib";
import type { FilterContext } from "node-av/lib";

/** What AAC takes at a time. */
const samplesAFrame = 1_024;
/** Over a longer gap in the source's sound nothing is made up: the timestamps tell. */
const longestSilenceMs = 1_000;

/**
 * Sound of one format, stamped in ms, made 48 kHz stereo float in frames of
 * 1,024 samples, stamped in samples. Where the stamps and the number of samples
 * disagree, it stretches a little, or fills with silence.
 */
export class AudioResampler {
  readonly #graph: FilterGraph;
  readonly #source: FilterContext;
  readonly #sink: FilterContext;
  readonly #format: string;
  #lastPts: bigint;

  private constructor(graph: FilterGraph, source: FilterContext, sink: FilterContext, first: Frame) {
    this.#graph = graph;
    this.#source = source;
    this.#sink = sink;
    this.#format = formatOf(first);
    this.#lastPts = first.pts;
  }

  static async open(first: Frame, outputRate: number): Promise<AudioResampler> {
    const graph = new FilterGraph();
    graph.alloc();
    graph.nbThreads = 1;
    const description = [
      `abuffer@in=time_base=1/1000:${formatOf(first)}`,
      `aresample=${outputRate}:async=1000:min_hard_comp=0.1`,
      `aformat=sample_fmts=fltp:sample_rates=${outputRate}:channel_layouts=stereo`,
      `asetnsamples=n=${samplesAFrame}:p=0`,
      "abuffersink@out",
    ].join(",");
    FFmpegError.throwIfError(graph.parse2(description), "build the resampler");
    FFmpegError.throwIfError(await graph.config(), "configure the resampler");
    const source = graph.getFilter("abuffer@in");
    const sink = graph.getFilter("abuffersink@out");
    if (source === null || sink === null) throw new Error("the resampler has no ends");
    return new AudioResampler(graph, source, sink, first);
  }

  /** Whether the frame goes on from what came before. */
  takes(frame: Frame): boolean {
    const step = Number(frame.pts - this.#lastPts);
    return formatOf(frame) === this.#format && step >= 0 && step < longestSilenceMs;
  }

  /** Frames that are complete now; each is valid until the next is asked for. */
  async *resample(frame: Frame): AsyncGenerator<Frame> {
    this.#lastPts = frame.pts;
    FFmpegError.throwIfError(await this.#source.buffersrcAddFrame(frame), "resample");
    using out = new Frame();
    out.alloc();
    while ((await this.#sink.buffersinkGetFrame(out)) >= 0) {
      yield out;
      out.unref();
    }
  }

  free(): void {
    this.#graph.free();
  }
}

function formatOf(frame: Frame): string {
  const { mask, nbChannels } = frame.channelLayout;
  const layout = mask === 0n ? `${nbChannels}c` : `0x${mask.toString(16)}`;
  return `sample_rate=${frame.sampleRate}:sample_fmt=${frame.format}:channel_layout=${layout}`;
}
