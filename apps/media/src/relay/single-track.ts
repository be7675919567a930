import type { MediaMessage } from "../rtmp/message.ts";

/** Packet type "Multitrack" of Enhanced RTMP v2, in the low bits of the first byte. */
const multitrack = { video: 6, audio: 5 } as const;

/**
 * Whether a message belongs to a source's main picture or sound. Further tracks
 * come wrapped as multitrack messages, which platforms take for broken media.
 */
export function isMainTrack(message: MediaMessage): boolean {
  const first = message.payload[0] ?? 0;
  if (message.kind === "video") return (first & 0x80) === 0 || (first & 0x0f) !== multitrack.video;
  if (message.kind === "audio") return first >> 4 !== 9 || (first & 0x0f) !== multitrack.audio;
  return true;
}
