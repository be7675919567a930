import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Demuxer } from "../ffmpeg/demuxer.ts";
import { encodeJpeg } from "../ffmpeg/jpeg.ts";
import { fitWithin, thumbnailBox } from "./fit-within.ts";
import { checkTime, pictureSize } from "./media-file.ts";
import type { LibraryResult } from "./protocol.ts";
import { Refused } from "./refused.ts";
import { Waveform } from "./waveform.ts";

const leastLength = 0.9;

/**
 * Decodes music from its beginning to its end and draws its waveform; its
 * cover, where it has one, is its thumbnail. It stays as it is: programs play
 * all that is let in. Throws Refused.
 */
export async function processAudio(
  demuxer: Demuxer,
  directory: string,
  onProgress: (percent: number) => void,
): Promise<Omit<LibraryResult, "sha256">> {
  if (pictureSize(demuxer) !== null) throw new Refused("It has a moving picture: upload it as video.");
  if (demuxer.audio === null) throw new Refused("It has no sound.");
  const told = demuxer.durationMs;
  const waveform = new Waveform();
  let thumbnail: string | null = null;
  let endMs = 0;
  for await (const item of demuxer.read()) {
    checkTime(item.ms);
    if (item.kind === "picture") {
      try {
        if (thumbnail !== null) continue;
        thumbnail = "thumbnail.jpg";
        const { picture } = item;
        await writeFile(join(directory, thumbnail), await encodeJpeg(picture, fitWithin(picture, thumbnailBox).width));
      } finally {
        item.picture.release();
      }
    } else if (item.kind === "sound") {
      endMs = Math.max(endMs, item.ms + item.left.length / 48);
      waveform.add(item);
      onProgress(told === null ? 0 : Math.min(99, (item.ms * 100) / told));
    }
  }
  if (endMs === 0) throw new Refused("It is damaged: nothing of its sound can be decoded.");
  // What has no index is only guessed at.
  if (told !== null && demuxer.container.includes("mp4") && endMs < told * leastLength)
    throw new Refused("It ends too early: a part of it is missing.");
  const name = "waveform.json";
  await writeFile(join(directory, name), JSON.stringify(waveform.file(endMs)));
  return { durationMs: endMs, width: null, height: null, rendition: null, thumbnail, waveform: name };
}
