import { at, assetId } from "./ids.ts";

const fileUrl = (name: string): string =>
  `https://live.example.com/media-files/${assetId}/${name}?expires=1&signature=x`;

export const asset = {
  id: assetId,
  name: "Opener.mp4",
  kind: "video",
  origin: "upload",
  broadcastId: null,
  contentType: "video/mp4",
  sizeBytes: 1_048_576,
  sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
  status: "ready",
  progress: 100,
  failureReason: null,
  durationMs: 12_000,
  width: 1920,
  height: 1080,
  thumbnailUrl: fileUrl("thumbnail.jpg"),
  downloadUrl: fileUrl("original"),
  renditionUrl: fileUrl("rendition.mp4"),
  waveformUrl: fileUrl("waveform.json"),
  createdAt: at,
  updatedAt: at,
};
export const assetAwaited = {
  ...asset,
  status: "awaiting_upload",
  progress: 0,
  durationMs: null,
  width: null,
  height: null,
  thumbnailUrl: null,
  downloadUrl: null,
  renditionUrl: null,
  waveformUrl: null,
};
export const assetCreated = {
  ...assetAwaited,
  upload: {
    method: "PUT",
    url: fileUrl("upload"),
    headers: { "content-type": "video/mp4" },
    expiresAt: at,
    receivedBytes: 0,
    parts: null,
  },
};
