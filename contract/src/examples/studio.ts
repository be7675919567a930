import { ulid, at, studioId, sourceId, destinationId, broadcastId } from "./ids.ts";

export const studio = {
  id: studioId,
  name: "Friday show",
  autoGoLive: false,
  graceMs: 30_000,
  state: "offline",
  program: {
    mode: "composed",
    sourceId: null,
    width: 1280,
    height: 720,
    frameRate: 30,
    videoBitrate: 4_500_000,
    audioBitrate: 160_000,
    fallbackSourceIds: [],
  },
  slate: { assetId: null, text: null, color: null },
  recording: { enabled: false },
  missingIds: [],
  createdAt: at,
  updatedAt: at,
};

export const session = {
  id: `msn_${ulid}`,
  studioId,
  role: "publish",
  sourceId,
  preview: false,
  expiresAt: "2026-11-23T18:00:00.000Z",
  createdAt: at,
};

const token = "pub_EXAMPLE";
const ingest = {
  rtmp: { url: "rtmp://live.example.com:1935/in", streamKey: `${sourceId}?token=${token}` },
  rtmps: { url: "rtmps://live.example.com:1936/in", streamKey: `${sourceId}?token=${token}` },
  srt: { url: `srt://live.example.com:8890?streamid=publish:in/${sourceId}:session:${token}` },
  whip: { url: `https://live.example.com/whip/${sourceId}`, bearerToken: token },
};

export const sessionCreated = { ...session, token, ingest };

export const source = {
  id: sourceId,
  studioId,
  name: "Camera 1",
  kind: "ingest",
  assetId: null,
  url: null,
  playlist: null,
  loop: true,
  silenceMs: 1_000,
  onConflict: "refuse",
  status: "online",
  protocol: "rtmp",
  video: { codec: "h264", width: 1280, height: 720, frameRate: 30, bitrate: 2_500_000 },
  audio: { codec: "aac", sampleRate: 48_000, channels: 2, bitrate: null },
  lastError: null,
  createdAt: at,
  updatedAt: at,
};

export const destination = {
  id: destinationId,
  studioId,
  name: "Twitch",
  platform: "twitch",
  protocol: "rtmps",
  url: "rtmps://ingest.example.com/app",
  enabled: true,
  streamKeySet: true,
  connectionId: null,
  privacy: "public",
  status: "live",
  lastError: null,
  delayMs: 0,
  createdAt: at,
  updatedAt: at,
};

export const twitch = {
  linking: "oauth",
  ingest: true,
  metadata: ["title", "category"],
  longestTitle: 140,
  chat: { read: true, send: true, replies: true, longest: 500, longer: "split" },
};

export const connection = {
  id: `cnx_${ulid}`,
  platform: "twitch",
  accountName: "Ada",
  scopes: ["channel:read:stream_key", "user:read:chat", "user:write:chat"],
  status: "ok",
  statusReason: null,
  capabilities: twitch,
  quota: null,
  createdAt: at,
  updatedAt: at,
};

const destinationStatus = {
  destinationId,
  status: "live",
  connectedAt: at,
  bitrate: 2_650_000,
  sentBytes: 9_931_520,
  droppedFrames: 0,
  reconnects: 0,
  roundTripMs: 18,
  lastTakenAt: at,
  lastError: null,
};

export const streamStatus = {
  studioId,
  state: "live",
  broadcastId,
  startedAt: at,
  program: { width: 1280, height: 720, frameRate: 30, videoBitrate: 2_500_000, audioBitrate: 160_000, onSlate: false },
  sources: [{ sourceId, status: "online", bitrate: 2_660_000, lastFrameAt: at }],
  destinations: [destinationStatus],
  health: { level: "good", reasons: [] },
};

export const starting = {
  ...streamStatus,
  state: "starting",
  startedAt: null,
  destinations: [{ ...destinationStatus, status: "connecting", connectedAt: null, bitrate: 0, sentBytes: 0 }],
  health: { level: "degraded", reasons: [{ code: "destination_connecting", message: "Twitch is being connected." }] },
};

export const broadcast = {
  id: broadcastId,
  studioId,
  startedAt: at,
  endedAt: null,
  endReason: null,
  destinations: [destinationStatus],
  recordings: [
    {
      id: `rec_${ulid}`,
      status: "ready",
      failureReason: null,
      assetId: null,
      durationMs: 3_600_000,
      sizeBytes: 1_190_400_000,
      downloadUrl: `https://live.example.com/v1/studios/${studioId}/broadcasts/${broadcastId}/recordings/rec_${ulid}/file`,
      createdAt: at,
    },
  ],
};
