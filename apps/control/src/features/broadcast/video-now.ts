import type { SourceAudio, SourceVideo } from "@trax/contract";

/**
 * A source's video with the bitrate of this moment in place of the recorded one.
 * What arrives is measured as a whole, so audio is taken off where its own rate
 * is known. Pure.
 *
 * @param bitrateNow bit/s of all that arrives; null when it is not known
 */
export function videoNow(
  video: SourceVideo | null,
  audio: SourceAudio | null,
  bitrateNow: number | null,
): SourceVideo | null {
  if (video === null || bitrateNow === null) return video;
  return { ...video, bitrate: Math.max(0, bitrateNow - (audio?.bitrate ?? 0)) };
}
