import { Demuxer } from "../../ffmpeg/demuxer.ts";
import type { ProgramSource, SourceFault } from "../protocol.ts";
import type { Addresses, OpenAddress } from "./addresses.ts";
import { ended, faultOf } from "./fault.ts";

/** Nothing comes: it is opened anew. Sooner when it is known what is wrong. */
const silentMs = 12_000;
const silentWithFaultMs = 5_000;
const watchMs = 1_000;

/** One clip, image or stream, opened as soon as it is made, over a checked way; its maker closes it. */
export class OpenedMedia {
  readonly demuxer = new Demuxer();
  /** Null: it can be read. Never rejects. */
  readonly opened: Promise<SourceFault | null>;
  readonly #watch: NodeJS.Timeout;
  #way: OpenAddress | null = null;
  #isEnded = false;
  /** When something came; null while nothing is asked for. */
  #heardAt: number | null = performance.now();

  constructor(url: string, kind: ProgramSource["kind"], addresses: Addresses) {
    // FFmpeg leaves out segments that it cannot have, and would try for ever.
    this.#watch = setInterval(() => {
      const limitMs = (this.#way?.fault() ?? null) === null ? silentMs : silentWithFaultMs;
      if (this.#heardAt !== null && performance.now() - this.#heardAt > limitMs) this.demuxer.interrupt();
    }, watchMs);
    this.opened = this.#open(url, kind, addresses);
  }

  /** It comes at its own pace, and what is not taken is lost. */
  get isLive(): boolean {
    return this.#way?.isLive ?? false;
  }

  /** What was thrown by reading it, in words. */
  faultOf(error: unknown): SourceFault {
    return this.#way?.fault() ?? faultOf(error);
  }

  /** Something came, or is asked for from now on. */
  heard(): void {
    this.#heardAt = performance.now();
  }

  /** Nothing is asked for until `heard`. */
  rest(): void {
    this.#heardAt = null;
  }

  /** Ends what is being opened or read, with an error. */
  interrupt(): void {
    this.#isEnded = true;
    this.demuxer.interrupt();
  }

  /** Only when nothing is being read. */
  async close(): Promise<void> {
    this.interrupt();
    await this.opened;
    clearInterval(this.#watch);
    await this.demuxer.close();
    this.#way?.close();
  }

  async #open(url: string, kind: ProgramSource["kind"], addresses: Addresses): Promise<SourceFault | null> {
    const way = await addresses.open(url, kind);
    if ("code" in way) return way;
    this.#way = way;
    if (this.#isEnded) return ended;
    try {
      await this.demuxer.open(way.url, way.options);
      this.rest();
      return null;
    } catch (error) {
      return this.faultOf(error);
    }
  }
}
