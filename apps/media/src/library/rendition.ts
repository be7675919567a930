import type { Demuxed } from "../ffmpeg/demuxer.ts";

/** What is made of a clip, from all that is read of it. One call at a time. */
export type Rendition = {
  /** Holds no picture of it. */
  readonly take: (item: Demuxed) => Promise<void>;
  /** Writes what is held back, and the end. */
  readonly finish: () => Promise<void>;
  readonly close: () => Promise<void>;
};
