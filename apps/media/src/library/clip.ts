import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Demuxer } from "../ffmpeg/demuxer.ts";
import { encodeJpeg } from "../ffmpeg/jpeg.ts";
import { PictureScaler } from "../ffmpeg/picture-scaler.ts";
import type { Size } from "../ffmpeg/picture-scaler.ts";
import { RenditionFile } from "../ffmpeg/rendition-file.ts";
import { fitWithin, thumbnailBox } from "./fit-within.ts";
import { checkTime, pictureSize } from "./media-file.ts";
import type { UprightSize } from "./media-file.ts";
import type { LibraryResult } from "./protocol.ts";
import { Refused } from "./refused.ts";
import { Still } from "./still.ts";

const landscape = { width: 1920, height: 1080 };
const portrait = { width: 1080, height: 1920 };
const mostFrames = 60;
/** Of what was to be there. */
const leastDecoded = 0.75;
const leastLength = 0.9;

const damaged = "It is damaged: nothing of its picture can be decoded.";

/**
 * Decodes a clip from its beginning to its end, makes a thumbnail, and a
 * rendition that programs play well: upright, at most 1080p and 60 pictures a
 * second. One that is like that already stays as it is. Throws Refused.
 */
export async function processClip(
  demuxer: Demuxer,
  directory: string,
  onProgress: (percent: number) => void,
): Promise<Omit<LibraryResult, "sha256">> {
  const size = pictureSize(demuxer);
  if (size === null) throw new Refused("It has no picture: upload it as audio.");
  const box = size.height > size.width ? portrait : landscape;
  const target = even(fitWithin(size, box));
  const rendition = isPlayable(demuxer, size, box) ? null : "rendition.mp4";
  const scaler = new PictureScaler(target, demuxer.pictureFacts?.turning ?? []);
  const still = new Still(demuxer.durationMs);
  let file: RenditionFile | null = null;
  try {
    if (rendition !== null)
      file = await RenditionFile.create(join(directory, rendition), {
        ...target,
        frameRate: Math.min(mostFrames, size.frameRate ?? 30),
        hasSound: demuxer.audio !== null,
      });
    const durationMs = await decode(demuxer, { scaler, file, still }, onProgress);
    await file?.finish();
    const thumbnail = await writeThumbnail(still, scaler, directory);
    const { width, height } = size;
    return { durationMs, width, height, rendition, thumbnail, waveform: null };
  } finally {
    still.release();
    await file?.close();
    scaler.free();
  }
}

/** A recording of our own is good as it is: a thumbnail is made, from the first of it that is needed. Throws Refused. */
export async function processRecording(
  demuxer: Demuxer,
  directory: string,
  durationMs: number,
): Promise<Omit<LibraryResult, "sha256">> {
  const size = pictureSize(demuxer);
  const kept = { durationMs, rendition: null, waveform: null };
  if (size === null) return { ...kept, width: null, height: null, thumbnail: null };
  const scaler = new PictureScaler(even(size), demuxer.pictureFacts?.turning ?? []);
  const still = new Still(durationMs);
  try {
    for await (const item of demuxer.read()) {
      if (item.kind !== "picture") continue;
      still.note(item.picture, item.ms);
      item.picture.release();
      if (still.isChosen) break;
    }
    const { width, height } = size;
    return { ...kept, width, height, thumbnail: await writeThumbnail(still, scaler, directory) };
  } finally {
    still.release();
    scaler.free();
  }
}

type Into = { readonly scaler: PictureScaler; readonly file: RenditionFile | null; readonly still: Still };

/** Answers how long it is, ms. */
async function decode(
  demuxer: Demuxer,
  { scaler, file, still }: Into,
  onProgress: (percent: number) => void,
): Promise<number> {
  const toldMs = demuxer.durationMs;
  let [packets, pictures, endMs, nextMs] = [0, 0, 0, -Infinity];
  for await (const item of demuxer.read()) {
    checkTime(item.ms);
    onProgress(toldMs === null ? 0 : Math.min(99, Math.max(0, (item.ms * 100) / toldMs)));
    if (item.kind === "packet") packets += item.video ? 1 : 0;
    else if (item.kind === "sound") {
      endMs = Math.max(endMs, item.ms + item.left.length / 48);
      await file?.sound(item);
    } else {
      const { picture, ms, durationMs } = item;
      try {
        pictures += 1;
        endMs = Math.max(endMs, ms + durationMs);
        still.note(picture, ms);
        // Timestamps are rounded.
        if (file === null || ms < nextMs - 2) continue;
        nextMs = Math.max(nextMs, ms) + 1_000 / mostFrames;
        const scaled = await scaler.scale(picture);
        try {
          await file.picture(scaled, Math.max(0, ms));
        } finally {
          scaled.release();
        }
      } finally {
        picture.release();
      }
    }
  }
  if (pictures === 0) throw new Refused(damaged);
  if (pictures < packets * leastDecoded) throw new Refused("It is damaged: much of its picture cannot be decoded.");
  if (toldMs !== null && endMs < toldMs * leastLength)
    throw new Refused(`It ends too early: of its ${seconds(toldMs)} only ${seconds(endMs)} are there.`);
  return endMs;
}

async function writeThumbnail(still: Still, scaler: PictureScaler, directory: string): Promise<string> {
  if (still.picture === null) throw new Refused(damaged);
  const upright = await scaler.scale(still.picture);
  try {
    const name = "thumbnail.jpg";
    await writeFile(join(directory, name), await encodeJpeg(upright, fitWithin(upright, thumbnailBox).width));
    return name;
  } finally {
    upright.release();
  }
}

/** Whether it is what would be made of it. Where its keyframes are does not matter: programs play from the beginning. */
function isPlayable(demuxer: Demuxer, size: UprightSize, box: Size): boolean {
  const { video, audio, pictureFacts } = demuxer;
  // Of whatever rate: programs make it theirs.
  const isGoodSound = audio === null || (audio.codec === "aac" && (audio.channels ?? 9) <= 2);
  return (
    isGoodSound &&
    demuxer.container.includes("mp4") &&
    video?.codec === "h264" &&
    pictureFacts?.isCommonFormat === true &&
    pictureFacts.pixelAspect === 1 &&
    pictureFacts.turning.length === 0 &&
    size.width <= box.width &&
    size.height <= box.height &&
    size.frameRate !== null &&
    size.frameRate <= mostFrames + 0.5
  );
}

function even({ width, height }: Size): Size {
  const nearest = (length: number): number => Math.max(2, 2 * Math.round(length / 2));
  return { width: nearest(width), height: nearest(height) };
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} seconds`;
}
