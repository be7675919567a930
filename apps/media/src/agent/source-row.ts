import type { ObservedSource } from "@trax/media-protocol";
import type { AudioFormat, VideoFormat } from "../rtmp/message.ts";
import type { SourceView } from "./source-watch.ts";

/** What is to be written of a source; bitrates are gauges and not part of it. */
export function sourceRow(
  sourceId: string,
  view: SourceView | undefined,
  measured: { readonly frameRate: number | null; readonly isRefused: boolean },
  nodeId: string,
): ObservedSource {
  const { frameRate, isRefused } = measured;
  if (view === undefined) return { sourceId, status: "offline", protocol: null, video: null, audio: null, nodeId };
  return {
    sourceId,
    status: isRefused ? "error" : "online",
    protocol: view.protocol,
    video: view.video === null ? null : { ...view.video, frameRate: view.video.frameRate ?? frameRate, bitrate: null },
    audio: view.audio === null ? null : { ...view.audio, bitrate: null },
    nodeId,
  };
}

/** What a program's worker sees of a source that it opened itself. */
export type OpenedSource = {
  readonly status: "online" | "error";
  readonly video: VideoFormat | null;
  readonly audio: AudioFormat | null;
};

/** Of a source that a program's worker opened itself. */
export function openedSourceRow(
  sourceId: string,
  { status, video, audio }: OpenedSource,
  nodeId: string,
): ObservedSource {
  const withRate = <T extends object>(format: T | null) => (format === null ? null : { ...format, bitrate: null });
  return { sourceId, status, protocol: null, video: withRate(video), audio: withRate(audio), nodeId };
}
