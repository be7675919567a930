import { AV_BUFFERSRC_FLAG_KEEP_REF, AV_LOG_QUIET } from "node-av/constants";
import { FFmpegError, FilterGraph, Frame, Log } from "node-av/lib";
import type { FilterContext } from "node-av/lib";
import { planComposition } from "./composition.ts";
import type { Composition, CompositionCanvas, Plan } from "./composition.ts";
import { SharedFrame } from "./shared-frame.ts";
import { StillFrames } from "./still-frames.ts";

// FFmpeg prints to standard error otherwise, past our log.
Log.setLevel(AV_LOG_QUIET);

type Built = {
  readonly text: string;
  readonly graph: FilterGraph;
  readonly sources: readonly FilterContext[];
  readonly sink: FilterContext;
  readonly told: Map<string, string>;
  /** What it was last given and what became of it. */
  last: { readonly signature: readonly unknown[]; readonly frame: SharedFrame } | null;
};

/**
 * Draws compositions by an FFmpeg filter graph, which is built anew when the
 * shape of what is drawn or a picture's format changes (about 1 ms). One at a
 * time: the next is asked for when the last has come.
 */
export class Compositor {
  readonly #canvas: CompositionCanvas;
  readonly #stills = new StillFrames();
  #built: Built | null = null;
  #isBusy = false;
  #isClosed = false;

  constructor(canvas: CompositionCanvas) {
    this.#canvas = canvas;
  }

  /**
   * Makes one frame: 4:2:0, the canvas' size, BT.709 limited range. The caller
   * holds it, and all pictures until this has returned. `tick` grows from call
   * to call. Throws FFmpegError.
   */
  async compose(
    composition: Composition,
    tick: number,
    pictureOf: (sourceId: string) => SharedFrame | null,
  ): Promise<SharedFrame> {
    if (this.#isBusy || this.#isClosed) throw new Error("the compositor is busy or closed");
    this.#isBusy = true;
    try {
      const plan = planComposition(composition, this.#canvas, this.#stills, pictureOf);
      return await this.#draw(plan, tick);
    } catch (error) {
      this.#drop();
      throw error;
    } finally {
      this.#isBusy = false;
      this.#stills.sweep();
      if (this.#isClosed) this.#free();
    }
  }

  close(): void {
    this.#isClosed = true;
    if (!this.#isBusy) this.#free();
  }

  async #draw(plan: Plan, tick: number): Promise<SharedFrame> {
    if (this.#built?.text !== plan.graph) {
      this.#drop();
      this.#built = await build(plan.graph, plan.inputs.length);
    }
    const built = this.#built;
    const signature = [...plan.inputs, ...plan.settings.map((setting) => setting.value)];
    const { last } = built;
    // Nothing has moved: a slate, a still, a source with fewer frames than the program.
    if (last !== null && signature.every((part, index) => part === last.signature[index])) return last.frame.retain();
    tell(built, plan);
    for (const [index, frame] of plan.inputs.entries()) {
      frame.pts = BigInt(tick);
      // Only queued: the work is done on another thread, when the frame is asked for.
      const added = built.sources[index]?.buffersrcAddFrameSync(frame, AV_BUFFERSRC_FLAG_KEEP_REF) ?? -1;
      FFmpegError.throwIfError(added, "push a picture");
    }
    const out = new Frame();
    out.alloc();
    try {
      FFmpegError.throwIfError(await built.sink.buffersinkGetFrame(out), "compose");
    } catch (error) {
      out.free();
      throw error;
    }
    last?.frame.release();
    const frame = new SharedFrame(out);
    built.last = { signature, frame };
    return frame.retain();
  }

  #drop(): void {
    this.#built?.last?.frame.release();
    this.#built?.graph.free();
    this.#built = null;
  }

  #free(): void {
    this.#drop();
    this.#stills.free();
  }
}

async function build(text: string, inputs: number): Promise<Built> {
  const graph = new FilterGraph();
  try {
    graph.alloc();
    graph.nbThreads = 1;
    FFmpegError.throwIfError(graph.parse2(text), "build the compositor");
    FFmpegError.throwIfError(await graph.config(), "configure the compositor");
    const sources = Array.from({ length: inputs }, (_, index) => end(graph, `buffer@i${index}`));
    return { text, graph, sources, sink: end(graph, "buffersink@out"), told: new Map(), last: null };
  } catch (error) {
    graph.free();
    throw error;
  }
}

function end(graph: FilterGraph, name: string): FilterContext {
  const context = graph.getFilter(name);
  if (context === null) throw new Error(`the compositor has no ${name}`);
  return context;
}

function tell(built: Built, plan: Plan): void {
  for (const { filter, option, value } of plan.settings) {
    const key = `${filter}.${option}`;
    if (built.told.get(key) === value) continue;
    const result = built.graph.sendCommand(filter, option, value);
    FFmpegError.throwIfError(typeof result === "number" ? result : 0, "set the compositor");
    built.told.set(key, value);
  }
}
