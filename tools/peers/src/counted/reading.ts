import { probeStreams } from "../ffprobe.ts";
import { decodeSound, decodeVideo } from "./decode.ts";
import { type CountedFrame, columns, readCells, rows } from "./picture.ts";
import { type Sound, tonesPerSource, toneSteps } from "./tone.ts";

/** Where the whole picture of a source lies, in fractions of the canvas. */
export type Region = { readonly x: number; readonly y: number; readonly width: number; readonly height: number };

/** What one frame of a recording shows in a region. */
export type Seen = {
  /** Null: no counted picture, or two mixed. */
  readonly counted: CountedFrame | null;
  /** How bright the strip below the cells is, of 255. */
  readonly strip: number;
};

export type ReadFrame<Name extends string> = { readonly ms: number; readonly seen: Readonly<Record<Name, Seen>> };

/** The whole canvas. */
export const fullCanvas: Region = { x: 0, y: 0, width: 1, height: 1 };

/** The box that a picture fills in a region of a canvas when it is fitted into it whole (`contain`). */
export function contained(region: Region, canvasAspect: number, pictureAspect: number): Region {
  const aspect = pictureAspect / canvasAspect;
  const width = Math.min(region.width, region.height * aspect);
  const height = width / aspect;
  return {
    x: region.x + (region.width - width) / 2,
    y: region.y + (region.height - height) / 2,
    width,
    height,
  };
}

/** Reads a recording frame by frame: what each shows in these regions. */
export async function readPicture<Name extends string>(
  file: string,
  regions: Readonly<Record<Name, Region>>,
): Promise<ReadFrame<Name>[]> {
  const video = (await probeStreams(file)).find(({ kind }) => kind === "video");
  if (video?.width === null || video?.height === null || video === undefined) throw new Error(`${file} has no picture`);
  const size = { width: video.width, height: video.height };
  const names = Object.keys(regions).filter((name): name is Name => name in regions);
  const seen: Record<Name, Seen>[] = [];
  const times = await decodeVideo(file, size, (grey) => {
    const frame = Object.fromEntries(names.map((name) => [name, look(grey, size, regions[name])]));
    seen.push(whole(frame, names));
  });
  return seen.map((frame, index) => ({ ms: times[index] ?? 0, seen: frame }));
}

export const readSound: (file: string) => Promise<Sound> = decodeSound;

function whole<Name extends string>(frame: Record<string, Seen>, names: readonly Name[]): Record<Name, Seen> {
  const hasAll = (value: Record<string, Seen>): value is Record<Name, Seen> => names.every((name) => name in value);
  if (!hasAll(frame)) throw new Error("a region was not read");
  return frame;
}

/** The middle ninth of a cell is looked at: its edges are smeared by scaling. */
function look(grey: Buffer, size: { readonly width: number; readonly height: number }, region: Region): Seen {
  const cell = (column: number, row: number): number => {
    const [width, height] = [(region.width * size.width) / columns, (region.height * size.height) / (rows + 1)];
    const left = region.x * size.width + (column + 1 / 3) * width;
    const top = region.y * size.height + (row + 1 / 3) * height;
    let [sum, count] = [0, 0];
    for (let y = Math.floor(top); y < Math.max(top + height / 3, Math.floor(top) + 1); y++)
      for (let x = Math.floor(left); x < Math.max(left + width / 3, Math.floor(left) + 1); x++) {
        sum += grey[y * size.width + x] ?? 0;
        count++;
      }
    return sum / count;
  };
  const levels = Array.from({ length: columns * rows }, (_, index) =>
    cell(index % columns, Math.floor(index / columns)),
  );
  const strip = Array.from({ length: columns }, (_, column) => cell(column, rows));
  return { counted: readCells(levels), strip: strip.reduce((sum, level) => sum + level, 0) / columns };
}

/** A picture that is at one moment later than at the next by more than two slow frames is being placed anew. */
const steadyMs = 100;

/**
 * How far the sound of a source is behind its picture where both are shown, in
 * ms (less than 0: before it), at each of its tone's steps in the recording.
 * Steps while the picture is being placed anew are left out. A source's frames that are shown a little after their time, because the
 * program has a clock of its own, count as they are seen.
 */
export function soundBehindPicture(
  frames: readonly { readonly ms: number; readonly counted: CountedFrame | null }[],
  sound: Sound,
  source: number,
  frameRate: number,
): number[] {
  const shown = frames
    .filter(({ counted }, index) => {
      const before = frames[index - 1]?.counted;
      return counted?.source === source && !(before?.source === source && before.frame === counted.frame);
    })
    .map(({ ms, counted }) => ({ ms, lateMs: ms - (1000 * (counted?.frame ?? 0)) / frameRate }));
  const cycleMs = 1000 * tonesPerSource;
  const offsets: number[] = [];
  for (const { atMs, tone } of toneSteps(sound, source)) {
    const near = shown.filter(({ ms }) => Math.abs(ms - atMs) < 500);
    const lates = near.map(({ lateMs }) => lateMs);
    if (near.length < 5 || Math.max(...lates) - Math.min(...lates) > steadyMs) continue;
    const lateMs = lates.reduce((sum, one) => sum + one, 0) / lates.length;
    const behind = atMs - 1000 * tone - lateMs;
    offsets.push(behind - cycleMs * Math.round(behind / cycleMs));
  }
  return offsets;
}
