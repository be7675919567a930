import { readAudioTag, readVideoTag } from "./media-tag.ts";

export type MessageKind = "video" | "audio";

/** The codec's own bytes of a message, and how much later than decoded they are shown, ms. */
export function readMessage(
  kind: MessageKind,
  payload: Buffer,
): { readonly codec: string; readonly body: Buffer; readonly compositionTime: number } {
  const tag = kind === "video" ? readVideoTag(payload) : readAudioTag(payload);
  const first = payload[0] ?? 0;
  // Enhanced RTMP leaves the composition time out where it is zero (CodedFramesX).
  const isEnhanced = (first & 0x80) !== 0;
  const isTimed =
    kind === "video" && payload.length >= tag.bodyAt && tag.bodyAt >= 5 && (!isEnhanced || (first & 0x0f) === 1);
  return {
    codec: tag.codec ?? "unknown",
    body: payload.subarray(tag.bodyAt),
    compositionTime: isTimed ? payload.readIntBE(tag.bodyAt - 3, 3) : 0,
  };
}
