import type { AudioFormat, VideoFormat } from "../rtmp/message.ts";

const video = { h264: null, hevc: "hvc1", av1: "av01", vp8: "vp08", vp9: "vp09" } as const;
const audio = { aac: null, mp3: null, opus: "Opus" } as const;

/** The FourCCs (Enhanced RTMP v2) that a server must understand for these formats; none for H.264, AAC and MP3. */
export function fourCcsOf(formats: {
  readonly video: VideoFormat | null;
  readonly audio: AudioFormat | null;
}): string[] {
  const needed = [
    formats.video === null ? null : video[formats.video.codec],
    formats.audio === null ? null : audio[formats.audio.codec],
  ];
  return needed.filter((fourCc) => fourCc !== null);
}
