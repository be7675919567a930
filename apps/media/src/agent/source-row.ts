import type { ObservedSource } from "@trax/media-protocol";
import type { SourceView } from "./source-watch.ts";

/** What is to be written of a source; bitrates are gauges and not part of it. */
export function sourceRow(
  sourceId: string,
  view: SourceView | undefined,
  frameRate: number | null,
  nodeId: string,
): ObservedSource {
  if (view === undefined) return { sourceId, status: "offline", protocol: null, video: null, audio: null, nodeId };
  return {
    sourceId,
    status: "online",
    protocol: view.protocol,
    video: view.video === null ? null : { ...view.video, frameRate: view.video.frameRate ?? frameRate, bitrate: null },
    audio: view.audio === null ? null : { ...view.audio, bitrate: null },
    nodeId,
  };
}
