import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Demuxer } from "../ffmpeg/demuxer.ts";
import { encodeJpeg } from "../ffmpeg/jpeg.ts";
import { PictureScaler } from "../ffmpeg/picture-scaler.ts";
import type { Size } from "../ffmpeg/picture-scaler.ts";
import { CopiedRendition } from "../ffmpeg/copied-rendition.ts";
import { EncodedRendition } from "./encoded-rendition.ts";
import { fitWithin, thumbnailBox } from "./fit-within.ts";
import { checkTime, pictureSize } from "./media-file.ts";
import type { UprightSize } from "./media-file.ts";
import type { LibraryResult } from "./protocol.ts";
import type { Rendition } from "./rendition.ts";
import { Refused } from "./refused.ts";
import { Still } from "./still.ts";

const landscape = { width: 1920, height: 1080 };
const portrait = { width: 1080, height: 1920 };
const mostFrames = 60;
/** Rates are rounded. */
const toldFrames = mostFrames + 0.5;
/** Of what was to be there. */
const leastDecoded = 0.75;
const leastLength = 0.9;

const damaged = "It is damaged: nothing of its picture can be decoded.";

/**
 * Decodes a clip from its beginning to its end, makes a thumbnail, and a
 * rendition that programs play well: upright, at most 1080p and 60 pictures a
 * second. One that is like that already stays as it is; a picture that is goes
 * into an MP4 as it is where `mayCopy`. Throws Refused, and NotCopyable: then
 * it is to be opened anew, and encoded.
 */
export async function processClip(
  demuxer: Demuxer,
  directory: string,
  { mayCopy, onProgress }: { readonly mayCopy: boolean; readonly onProgress: (percent: number) => void },
): Promise<Omit<LibraryResult, "sha256">> {
  const size = pictureSize(demuxer);
  if (size === null) throw new Refused("It has no picture: upload it as audio.");
  const box = size.height > size.width ? portrait : landscape;
  const target = even(fitWithin(size, box));
  const isKept = isGoodContainer(demuxer) && isGoodPicture(demuxer, size, box) && isGoodSound(demuxer);
  const name = isKept ? null : "rendition.mp4";
  const scaler = new PictureScaler(target, demuxer.pictureFacts?.turning ?? []);
  const still = new Still(demuxer.durationMs);
  let rendition: Rendition | null = null;
  try {
    if (name !== null) {
      const path = join(directory, name);
      rendition =
        mayCopy && isGoodPicture(demuxer, size, box)
          ? await CopiedRendition.create(path, demuxer, { copiesSound: isGoodSound(demuxer), mostFrames: toldFrames })
          : await EncodedRendition.create(path, scaler, {
              ...target,
              frameRate: size.frameRate ?? 30,
              mostFrames,
              hasSound: demuxer.audio !== null,
            });
    }
    const durationMs = await decode(demuxer, { rendition, still }, onProgress);
    await rendition?.finish();
    const thumbnail = await writeThumbnail(still, scaler, directory);
    const { width, height } = size;
    return { durationMs, width, height, rendition: name, thumbnail, waveform: null };
  } finally {
    still.release();
    await rendition?.close();
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

type Into = { readonly rendition: Rendition | null; readonly still: Still };

/** Answers how long it is, ms. */
async function decode(
  demuxer: Demuxer,
  { rendition, still }: Into,
  onProgress: (percent: number) => void,
): Promise<number> {
  const toldMs = demuxer.durationMs;
  let [packets, pictures, endMs] = [0, 0, 0];
  for await (const item of demuxer.read()) {
    try {
      checkTime(item.ms);
      onProgress(toldMs === null ? 0 : Math.min(99, Math.max(0, (item.ms * 100) / toldMs)));
      if (item.kind === "packet") packets += item.video ? 1 : 0;
      else if (item.kind === "sound") endMs = Math.max(endMs, item.ms + item.left.length / 48);
      else {
        pictures += 1;
        endMs = Math.max(endMs, item.ms + item.durationMs);
        still.note(item.picture, item.ms);
      }
      await rendition?.take(item);
    } finally {
      if (item.kind === "picture") item.picture.release();
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
function isGoodPicture({ video, pictureFacts }: Demuxer, size: UprightSize, box: Size): boolean {
  return (
    video?.codec === "h264" &&
    pictureFacts?.isCommonFormat === true &&
    pictureFacts.pixelAspect === 1 &&
    pictureFacts.turning.length === 0 &&
    size.width <= box.width &&
    size.height <= box.height &&
    size.frameRate !== null &&
    size.frameRate <= toldFrames
  );
}

/** Of whatever rate: programs make it theirs. */
function isGoodSound({ audio }: Demuxer): boolean {
  return audio === null || (audio.codec === "aac" && (audio.channels ?? 9) <= 2);
}

function isGoodContainer({ container }: Demuxer): boolean {
  return container.includes("mp4");
}

function even({ width, height }: Size): Size {
  const nearest = (length: number): number => Math.max(2, 2 * Math.round(length / 2));
  return { width: nearest(width), height: nearest(height) };
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} seconds`;
}
