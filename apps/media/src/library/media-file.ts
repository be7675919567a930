import { Demuxer } from "../ffmpeg/demuxer.ts";
import { DemuxError } from "../ffmpeg/demux-error.ts";
import { isDecodable } from "../ffmpeg/picture-track.ts";
import { turnsSideways } from "../ffmpeg/turning.ts";
import { Refused } from "./refused.ts";

/** Longer ones are refused. */
const longestMs = 6 * 60 * 60 * 1_000;
/** For finding out what is in it. */
const probe = { probesize: "10000000", analyzeduration: "5000000" };
/**
 * What so few pixels a second would take is the longest that a clip may take, beside as long as it is, and a while for
 * anything: on a node that is busy with shows there is little time for the library.
 */
const leastPixelsAMs = 20_000;
const anyWayMs = 10 * 60_000;
/** Whatever a file says of itself. */
const mostWorkMs = 48 * 60 * 60_000;

/** Opens a file of this machine, by one of these demuxers alone, and by nothing that it names. Throws Refused. */
export async function openMediaFile(path: string, demuxers: string): Promise<Demuxer> {
  const demuxer = new Demuxer({ isAlone: true });
  try {
    await demuxer.open(`file:${path}`, { protocol_whitelist: "file", format_whitelist: demuxers, ...probe });
    if ((demuxer.durationMs ?? 0) > longestMs)
      throw new Refused("It is longer than 6 hours, the most that can be used.");
    return demuxer;
  } catch (error) {
    await demuxer.close();
    throw error instanceof DemuxError ? new Refused(unreadable) : error;
  }
}

const unreadable = "It cannot be read: it is damaged, ends too early, or holds nothing that is known.";

/** A moment of it, checked. Throws Refused. */
export function checkTime(ms: number): void {
  if (!(ms < longestMs)) throw new Refused("It is longer than 6 hours, the most that can be used.");
}

export type UprightSize = {
  /** Pixels as they are looked at: square, and upright. */
  readonly width: number;
  readonly height: number;
  readonly frameRate: number | null;
};

/** The size of its picture; null where it has none but a cover. Throws Refused where it is too large to be decoded. */
export function pictureSize(demuxer: Demuxer): UprightSize | null {
  const { video, pictureFacts } = demuxer;
  if (video === null || pictureFacts === null || demuxer.isCover) return null;
  const { width, height, frameRate } = video;
  if (width === null || height === null) throw new Refused(unreadable);
  if (!isDecodable(width, height))
    throw new Refused(`Its picture is ${width}x${height}: at most 4096x2304 can be used.`);
  const square = { width: Math.max(1, Math.round(width * pictureFacts.pixelAspect)), height };
  const isSideways = turnsSideways(pictureFacts.turning);
  return isSideways ? { width: square.height, height: square.width, frameRate } : { ...square, frameRate };
}

/** How long looking at it may take, ms. */
export function longestWork(durationMs: number | null, size: UprightSize | null): number {
  const lengthMs = durationMs ?? longestMs;
  const pixels = size === null ? 0 : size.width * size.height * (lengthMs / 1_000) * (size.frameRate ?? 60);
  return Math.min(mostWorkMs, anyWayMs + lengthMs + pixels / leastPixelsAMs);
}
