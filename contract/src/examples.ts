/** Examples of requests and answers, by `operationId`: what the docs show and what mock servers answer. */
type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };
type Examples = { readonly request?: Json; readonly response?: Json };

const ulid = "01k9zv4q8fe6s9yq4n3g5t0w2x";
const at = "2026-11-22T18:00:00.000Z";
const studioId = `std_${ulid}`;
const sourceId = `src_${ulid}`;
const destinationId = `dst_${ulid}`;
const broadcastId = `brd_${ulid}`;

const studio = {
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

const session = {
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

const sessionCreated = { ...session, token, ingest };

const source = {
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

const destination = {
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

const twitch = {
  linking: "oauth",
  ingest: true,
  metadata: ["title", "category"],
  chat: { read: true, send: true, replies: true, longest: 500, longer: "split" },
};

const connection = {
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

const streamStatus = {
  studioId,
  state: "live",
  broadcastId,
  startedAt: at,
  program: { width: 1280, height: 720, frameRate: 30, videoBitrate: 2_500_000, audioBitrate: 160_000, onSlate: false },
  sources: [{ sourceId, status: "online", bitrate: 2_660_000, lastFrameAt: at }],
  destinations: [destinationStatus],
  health: { level: "good", reasons: [] },
};

const starting = {
  ...streamStatus,
  state: "starting",
  startedAt: null,
  destinations: [{ ...destinationStatus, status: "connecting", connectedAt: null, bitrate: 0, sentBytes: 0 }],
  health: { level: "degraded", reasons: [{ code: "destination_connecting", message: "Twitch is being connected." }] },
};

const broadcast = {
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

const sceneId = `scn_${ulid}`;

const scene = {
  id: sceneId,
  studioId,
  name: "Interview",
  preset: "picture-in-picture",
  slots: [{ sourceId }, { sourceId: null }],
  layers: [],
  audio: [{ sourceId, gain: -3.5, mute: false, solo: false, delayMs: 40 }],
  audioFollowsVideo: true,
  missingIds: [],
  createdAt: at,
  updatedAt: at,
};

const style = {
  font: "sans-serif",
  fontSize: 0.06,
  fontWeight: "bold",
  color: "#ffffff",
  background: "#1a1a2e",
  align: "left",
  verticalAlign: "middle",
  padding: 0.01,
  borderRadius: 0.02,
  borderWidth: 0.002,
  borderColor: "#ffffff",
};

const box = { x: 0.05, y: 0.05, width: 0.9, height: 0.8 };
const crop = { left: 0.05, top: 0.05, right: 0.05, bottom: 0.05 };
const camera = { id: "camera", type: "source", sourceId, ...box, fit: "cover", crop, opacity: 0.95, visible: true };
const caption = {
  id: "caption",
  type: "text",
  text: "Now with guests",
  x: 0.1,
  y: 0.85,
  width: 0.8,
  height: 0.1,
  style,
};

/** A layer as it is answered: with all that was left out. */
const layer = (given: { readonly [key: string]: Json }): Json => ({
  sourceId: null,
  assetId: null,
  url: null,
  text: null,
  color: null,
  z: 0,
  fit: "contain",
  crop: { left: 0, top: 0, right: 0, bottom: 0 },
  opacity: 1,
  visible: true,
  style,
  ...given,
});

const lowerThird = { id: "ada", type: "lower-third", visible: true, title: "Ada Lovelace", subtitle: "Mathematician" };

const program = {
  mode: "composed",
  sceneId,
  previewSceneId: null,
  onSlate: false,
  overlays: [{ ...lowerThird, text: null, assetId: null, url: null, until: null, position: "bottom-left" }],
  missingIds: [],
  transition: { type: "fade", durationMs: 500 },
};

const connectionId = `cnx_${ulid}`;

const chatAuthor = {
  id: "12826",
  name: "Ada",
  color: "#1e90ff",
  badges: ["subscriber"],
  isModerator: true,
  isOwner: false,
};
const chatMessage = {
  id: `msg_${ulid}`,
  studioId,
  platform: "twitch",
  connectionId,
  author: chatAuthor,
  text: "Good evening Kappa",
  emotes: [{ start: 13, end: 18, name: "Kappa", url: "https://static-cdn.jtvnw.net/emoticons/v2/25/default/dark/1.0" }],
  replyTo: null,
  sentAt: at,
  receivedAt: at,
  direction: "in",
  deleted: false,
  deliveries: [],
};
const chatMessageSent = {
  ...chatMessage,
  platform: null,
  connectionId: null,
  author: { id: `usr_${ulid}`, name: "Ada", color: null, badges: [], isModerator: false, isOwner: true },
  text: "Hello everyone!",
  emotes: [],
  direction: "out",
  deliveries: [{ connectionId, platform: "twitch", status: "pending", error: null }],
};
const chatPlatforms = {
  connectionIds: [connectionId],
  platforms: [{ connectionId, platform: "twitch", accountName: "ada", status: "reading", lastError: null }],
};

const assetId = `ast_${ulid}`;
const fileUrl = (name: string): string =>
  `https://live.example.com/media-files/${assetId}/${name}?expires=1&signature=x`;

const asset = {
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
const assetAwaited = {
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
const assetCreated = {
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

const pageOf = (item: Json): Json => ({ data: [item], nextCursor: null });

export const operationExamples: Readonly<Record<string, Examples>> = {
  getHealth: { response: { status: "ok", writeEnabled: true } },
  getOpenApi: { response: { openapi: "3.0.3" } },
  getMe: {
    response: {
      account: { id: `acc_${ulid}`, name: "Ada" },
      name: "show controller",
      kind: "api_key",
      keyId: `key_${ulid}`,
      scopes: ["studios:read", "stream:golive"],
      limits: { requests: 600, windowSeconds: 60 },
      expiresAt: null,
    },
  },
  listStudios: { response: pageOf(studio) },
  createStudio: { request: { name: "Friday show" }, response: studio },
  getStudio: { response: studio },
  updateStudio: {
    request: { name: "Saturday show", program: { sourceId, fallbackSourceIds: [sourceId] } },
    response: {
      ...studio,
      name: "Saturday show",
      program: { ...studio.program, sourceId, fallbackSourceIds: [sourceId] },
    },
  },
  listSources: { response: pageOf(source) },
  createSource: {
    request: { name: "Camera 1" },
    response: { ...source, status: "offline", protocol: null, video: null, audio: null, session: sessionCreated },
  },
  getSource: { response: source },
  updateSource: { request: { name: "Camera left" }, response: { ...source, name: "Camera left" } },
  listMediaSessions: { response: pageOf(session) },
  createMediaSession: {
    request: { role: "publish", sourceId, preview: false, expiresInSeconds: 3_600 },
    response: sessionCreated,
  },
  listDestinations: { response: pageOf(destination) },
  createDestination: {
    request: {
      name: "Twitch",
      platform: "twitch",
      url: "rtmps://ingest.example.com/app",
      streamKey: "live_123456_abcdef",
    },
    response: { ...destination, status: "idle" },
  },
  getDestination: { response: destination },
  updateDestination: { request: { enabled: false }, response: { ...destination, enabled: false, status: "idle" } },
  listPlatforms: {
    response: { data: [{ platform: "twitch", title: "Twitch", configured: true, capabilities: twitch }] },
  },
  listConnections: { response: pageOf(connection) },
  createConnection: {
    request: { platform: "owncast", url: "https://live.example.com", accessToken: "EXAMPLE" },
    response: { ...connection, platform: "owncast", accountName: "live.example.com" },
  },
  authorizeConnection: {
    request: { platform: "twitch", redirectUri: "https://live.example.com/connections" },
    response: { authorizeUrl: "https://id.twitch.tv/oauth2/authorize?state=EXAMPLE", expiresAt: at },
  },
  getConnection: { response: connection },
  setConnectionMetadata: {
    request: { title: "Friday show", category: "Science & Technology" },
  },
  listScenes: { response: pageOf(scene) },
  createScene: {
    request: {
      name: "Interview",
      preset: "picture-in-picture",
      slots: [{ sourceId }, { sourceId: null }],
      audio: [{ sourceId, gain: -3.5, mute: false, solo: false, delayMs: 40 }],
    },
    response: scene,
  },
  getScene: { response: scene },
  updateScene: {
    request: { preset: null, slots: [], layers: [camera, caption] },
    response: { ...scene, preset: null, slots: [], layers: [layer(camera), layer(caption)] },
  },
  getProgram: { response: program },
  takeProgram: { request: { sceneId, transition: "fade", durationMs: 500 }, response: { sceneId, at } },
  previewProgram: { request: { sceneId }, response: { ...program, previewSceneId: sceneId } },
  setOverlays: {
    request: { overlays: [{ ...lowerThird, position: "bottom-left" }] },
    response: program,
  },
  getStreamStatus: { response: streamStatus },
  goLive: { request: { allowNoDestinations: false }, response: starting },
  goOffline: { request: {}, response: { ...streamStatus, state: "stopping" } },
  listBroadcasts: { response: pageOf(broadcast) },
  getBroadcast: { response: broadcast },
  listChatMessages: { response: pageOf(chatMessage) },
  sendChatMessage: { request: { text: "Hello everyone!" }, response: chatMessageSent },
  getChatPlatforms: { response: chatPlatforms },
  setChatPlatforms: { request: { connectionIds: [] }, response: { connectionIds: [], platforms: [] } },
  listMedia: { response: pageOf(asset) },
  createMedia: {
    request: { name: "Opener.mp4", contentType: "video/mp4", sizeBytes: 1_048_576, sha256: asset.sha256 },
    response: assetCreated,
  },
  getMedia: { response: asset },
  updateMedia: { request: { name: "Opener, new" }, response: { ...asset, name: "Opener, new" } },
  completeMedia: { response: { ...assetAwaited, status: "processing", downloadUrl: asset.downloadUrl } },
  resumeMediaUpload: {
    response: { ...assetCreated, upload: { ...assetCreated.upload, receivedBytes: 524_288 } },
  },
  streamEvents: {
    response: `id: evt_${ulid}\nevent: stream.live\ndata: {"id":"evt_${ulid}","type":"stream.live","createdAt":"${at}","accountId":"acc_${ulid}","studioId":"${studioId}","data":{"broadcastId":"${broadcastId}"}}\n\n`,
  },
};
