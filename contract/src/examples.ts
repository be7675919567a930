import type { Json } from "./examples/json.ts";
import { asset, assetAwaited, assetCreated } from "./examples/asset.ts";
import { chatMessage, chatMessageSent, chatPlatforms } from "./examples/chat.ts";
import { at, broadcastId, sceneId, sourceId, studioId, ulid } from "./examples/ids.ts";
import { scene, camera, caption, layer, lowerThird, program } from "./examples/scene.ts";
import {
  studio,
  session,
  sessionCreated,
  source,
  destination,
  twitch,
  connection,
  streamStatus,
  starting,
  broadcast,
} from "./examples/studio.ts";

/** Examples of requests and answers, by `operationId`: what the docs show and what mock servers answer. */
type Examples = { readonly request?: Json; readonly response?: Json };

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
