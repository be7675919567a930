/** Pictures of one size, so many a second. Null: not known. */
export type Pictures = {
  readonly width: number | null;
  readonly height: number | null;
  readonly frameRate: number | null;
};

/** What a program is made of, as far as its cost goes by that. */
export type ProgramWork = {
  readonly canvas: { readonly width: number; readonly height: number; readonly frameRate: number };
  /** Of each source that is decoded, shown or not; null: nothing is known of it. */
  readonly sources: readonly (Pictures | null)[];
  /** A preview is made beside it. */
  readonly preview: boolean;
};

/**
 * What a million pixels a second cost where nothing has been measured, in cores,
 * weighed as below. `composed-cpu` (bench/results): 0.51 to 0.58 cores for a 720p30
 * program of two 720p30 sources, which is 41.5 million; with text, logo and
 * crossfades up to 0.8. In between.
 */
export const usualCoresPerMegapixel = 0.016;

/**
 * What a decoded pixel costs beside one that is composed and encoded (`veryfast`).
 * Of the same 720p30 picture libavcodec's decoder takes 0.08 of a core and x264
 * 0.37; reading, sound and scaling into the scene are a source's, too, and come
 * on top of the former. `program-scale` (bench) has it by sources.
 */
const decodedWeight = 0.25;

/** What is on its way, or does not tell. */
const usualSource = { width: 1_280, height: 720, frameRate: 30 } as const;

/** No preview is made more often. */
const previewFrameRate = 30;

/** Sound, the link and the process itself: no program costs less, in cores. */
const leastCores = 0.05;

function megapixels(width: number, height: number, frameRate: number): number {
  return (width * height * frameRate) / 1e6;
}

/**
 * A program's work, in millions of pixels a second that are composed and encoded.
 * What a node measures and what is reckoned before a program runs go by it both.
 * A preview is half as wide and high, and counts in full: it is encoded with less
 * effort, but composed and published like the program.
 */
export function megapixelsOf({ canvas, sources, preview }: ProgramWork): number {
  const { width, height, frameRate } = canvas;
  const decoded = sources.map((source) =>
    megapixels(
      source?.width ?? usualSource.width,
      source?.height ?? usualSource.height,
      source?.frameRate ?? usualSource.frameRate,
    ),
  );
  const previewed = preview ? megapixels(width / 2, height / 2, Math.min(frameRate, previewFrameRate)) : 0;
  return megapixels(width, height, frameRate) + decodedWeight * decoded.reduce((a, b) => a + b, 0) + previewed;
}

/** What a program will take, in cores. One whose sources have yet to come will have one at least. */
export function coresOf(work: ProgramWork, coresPerMegapixel: number): number {
  const sources = work.sources.length === 0 ? [null] : work.sources;
  return Math.max(leastCores, megapixelsOf({ ...work, sources }) * coresPerMegapixel);
}
