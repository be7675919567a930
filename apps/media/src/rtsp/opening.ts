import { readMessage } from "../rtmp/message-body.ts";
import type { MediaMessage } from "../rtmp/message.ts";

/** Sound that does not come in this much of picture is not waited for, ms. */
const maxWaitMs = 500;

/**
 * How a publication begins: MediaMTX takes a track to begin when its first
 * packet arrives, whatever its timestamp or any report says, and counts on from
 * there. So the tracks begin together, with a packet of the same time: the first
 * sound and the first picture, the later of which is told to be as early as the
 * other. All after them have their own time.
 */
export type Opening = {
  readonly messages: readonly MediaMessage[];
  /** What both tracks begin at, ms. */
  readonly startsAt: number;
};

/** Null while there is no sound to begin with. `messages`: those that wait, a keyframe first or second. */
export function openingOf(messages: readonly MediaMessage[]): Opening | null {
  const picture = messages.find(({ kind }) => kind === "video");
  if (picture === undefined) return null;
  const pictureAt = picture.timestamp + readMessage("video", picture.payload).compositionTime;
  const sound = messages.find(({ kind }) => kind === "audio");
  if (sound === undefined) {
    const waited = (messages.at(-1)?.timestamp ?? 0) - picture.timestamp;
    return waited < maxWaitMs ? null : { messages, startsAt: pictureAt };
  }
  const rest = messages.filter((message) => message !== picture && message !== sound);
  return { messages: [sound, picture, ...rest], startsAt: Math.min(sound.timestamp, pictureAt) };
}
