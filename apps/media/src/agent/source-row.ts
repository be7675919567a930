import type { ObservedSource } from "@trax/media-protocol";
import type { SourceAudioFormat, SourceVideoFormat } from "../program/protocol.ts";
import type { SourceView } from "./source-watch.ts";

/** Why what arrives of a source cannot be shown, and since when (RFC 3339). */
export type SourceRefusal = { readonly code: string; readonly message: string; readonly at: string };

/** What is to be written of a source; bitrates are gauges and not part of it. */
export function sourceRow(
  sourceId: string,
  view: SourceView | undefined,
  measured: { readonly frameRate: number | null; readonly refusal: SourceRefusal | null },
  nodeId: string,
): ObservedSource {
  const { frameRate, refusal } = measured;
  if (view === undefined) return { sourceId, status: "offline", protocol: null, video: null, audio: null, nodeId };
  return {
    sourceId,
    status: refusal === null ? "online" : "error",
    protocol: view.protocol,
    video: view.video === null ? null : { ...view.video, frameRate: view.video.frameRate ?? frameRate, bitrate: null },
    audio: view.audio === null ? null : { ...view.audio, bitrate: null },
    lastError: refusal,
    nodeId,
  };
}

/** What a program's worker sees of a source that it opened itself. */
export type OpenedSource = {
  readonly status: "offline" | "online" | "error";
  readonly protocol: string;
  readonly video: SourceVideoFormat | null;
  readonly audio: SourceAudioFormat | null;
  readonly lastError: SourceRefusal | null;
};

/** Of a source that a program's worker opened itself. */
export function openedSourceRow(sourceId: string, seen: OpenedSource, nodeId: string): ObservedSource {
  const { status, lastError } = seen;
  const isOnline = status === "online";
  const withRate = <T extends object>(format: T | null) =>
    format === null || !isOnline ? null : { ...format, bitrate: null };
  return {
    sourceId,
    status,
    protocol: isOnline ? seen.protocol : null,
    video: withRate(seen.video),
    audio: withRate(seen.audio),
    lastError,
    nodeId,
  };
}

/** What a source of that kind and address is opened by. */
export function openedProtocol(kind: "media" | "pull", url: string): string {
  const scheme = url.slice(0, url.indexOf(":")).toLowerCase();
  if (scheme === "http" || scheme === "https") return kind === "pull" ? "hls" : "http";
  return scheme === "rtsps" ? "rtsp" : scheme;
}
