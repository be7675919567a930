import type { AudioFormat, MediaMessage, VideoFormat } from "./message.ts";

/** The video format in a configuration message; null for any other message, or a codec not known. */
export function readVideoFormat(_message: MediaMessage): VideoFormat | null {
  throw new Error("not built yet");
}

/** The audio format in a configuration message (or any MP3 frame); null for any other message, or a codec not known. */
export function readAudioFormat(_message: MediaMessage): AudioFormat | null {
  throw new Error("not built yet");
}
