import type { AssetKind } from "@trax/media-protocol";

/**
 * What the agent and the process that looks at one file of the media library
 * say to each other over its IPC channel.
 */
export type LibraryJob = {
  /** The file as it came; never written to. */
  readonly path: string;
  /** A directory of this job's own, for what is made of it. */
  readonly directory: string;
  readonly kind: AssetKind;
  /** As its uploader declared it. */
  readonly contentType: string;
  readonly sizeBytes: number;
  /** Hex; null: nobody said. */
  readonly sha256: string | null;
  /** It comes from ourselves: a thumbnail is all that is made of it, and it is this long. Null: an upload. */
  readonly recordedMs: number | null;
};

/** What was made of a file. Names are files in the job's directory. */
export type LibraryResult = {
  /** Hex. */
  readonly sha256: string;
  readonly durationMs: number | null;
  /** Pixels, upright; null where there is no picture. */
  readonly width: number | null;
  readonly height: number | null;
  /** Null: programs play the file as it is. */
  readonly rendition: string | null;
  readonly thumbnail: string | null;
  readonly waveform: string | null;
};

export type LibraryReport =
  /** It goes on; 0 to 100. `longestMs`: how long the whole may take, once that is known. */
  | { readonly type: "progress"; readonly percent: number; readonly longestMs: number | null }
  | { readonly type: "done"; readonly result: LibraryResult }
  /** It cannot be used, in words for people. */
  | { readonly type: "refused"; readonly reason: string; readonly sha256: string | null }
  /** Not the file's fault. */
  | { readonly type: "failed"; readonly message: string };
