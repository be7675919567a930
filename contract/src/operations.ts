import { z } from "zod";
import { Broadcast, BroadcastId, BroadcastList, GoLive, GoOffline, StreamStatus } from "./broadcast.ts";
import { Destination, DestinationCreate, DestinationId, DestinationList, DestinationUpdate } from "./destination.ts";
import { EventEnvelope, eventScopes } from "./event.ts";
import { pageQuery } from "./field.ts";
import { HealthCheck, Me } from "./identity.ts";
import { MediaSessionCreate, MediaSessionCreated, MediaSessionId, MediaSessionList } from "./media-session.ts";
import { operation } from "./operation.ts";
import { Source, SourceCreate, SourceCreated, SourceId, SourceList, SourceUpdate } from "./source.ts";
import { Studio, StudioCreate, StudioId, StudioList, StudioUpdate } from "./studio.ts";

const ofStudio = z.object({ id: StudioId });
const ofSource = z.object({ id: StudioId, sourceId: SourceId });
const ofDestination = z.object({ id: StudioId, destId: DestinationId });
const list = z.object(pageQuery);

/** The public operations by `operationId`. What is not here does not exist. */
export const operations = {
  getHealth: operation({
    method: "GET", path: "/v1/health", tag: "Platform", summary: "Is TRaX up?",
    auth: "public", scope: null, write: false,
    params: null, query: null, body: null, status: 200, response: HealthCheck, errors: [],
  }),
  getOpenApi: operation({
    method: "GET", path: "/v1/openapi.json", tag: "Platform", summary: "This contract",
    auth: "public", scope: null, write: false,
    params: null, query: null, body: null, status: 200, response: z.record(z.string(), z.unknown()), errors: [],
  }),
  getMe: operation({
    method: "GET", path: "/v1/me", tag: "Platform", summary: "The credential that asks",
    auth: "credential", scope: null, write: false,
    params: null, query: null, body: null, status: 200, response: Me, errors: [],
  }),

  listStudios: operation({
    method: "GET", path: "/v1/studios", tag: "Studios", summary: "List studios",
    auth: "credential", scope: "studios:read", write: false, paginated: true,
    params: null, query: list, body: null, status: 200, response: StudioList, errors: [],
  }),
  createStudio: operation({
    method: "POST", path: "/v1/studios", tag: "Studios", summary: "Create a studio",
    auth: "credential", scope: "studios:write", write: true,
    params: null, query: null, body: StudioCreate, status: 201, response: Studio, errors: [],
  }),
  getStudio: operation({
    method: "GET", path: "/v1/studios/{id}", tag: "Studios", summary: "Get a studio",
    auth: "credential", scope: "studios:read", write: false,
    params: ofStudio, query: null, body: null, status: 200, response: Studio, errors: [],
  }),
  updateStudio: operation({
    method: "PATCH", path: "/v1/studios/{id}", tag: "Studios", summary: "Change a studio's settings",
    auth: "credential", scope: "studios:write", write: true,
    params: ofStudio, query: null, body: StudioUpdate, status: 200, response: Studio, errors: ["conflict"],
  }),
  deleteStudio: operation({
    method: "DELETE", path: "/v1/studios/{id}", tag: "Studios", summary: "Delete a studio and all in it",
    auth: "credential", scope: "studios:write", write: true,
    params: ofStudio, query: null, body: null, status: 204, response: null, errors: ["studio_live"],
  }),

  listSources: operation({
    method: "GET", path: "/v1/studios/{id}/sources", tag: "Sources", summary: "List a studio's sources",
    auth: "credential", scope: "sources:read", write: false, paginated: true,
    params: ofStudio, query: list, body: null, status: 200, response: SourceList, errors: [],
  }),
  createSource: operation({
    method: "POST", path: "/v1/studios/{id}/sources", tag: "Sources", summary: "Create a source",
    description: "Answers with the first publish session: its token and addresses are shown this once.",
    auth: "credential", scope: "sources:write", write: true,
    params: ofStudio, query: null, body: SourceCreate, status: 201, response: SourceCreated, errors: [],
  }),
  getSource: operation({
    method: "GET", path: "/v1/studios/{id}/sources/{sourceId}", tag: "Sources", summary: "Get a source",
    auth: "credential", scope: "sources:read", write: false,
    params: ofSource, query: null, body: null, status: 200, response: Source, errors: [],
  }),
  updateSource: operation({
    method: "PATCH", path: "/v1/studios/{id}/sources/{sourceId}", tag: "Sources", summary: "Change a source",
    auth: "credential", scope: "sources:write", write: true,
    params: ofSource, query: null, body: SourceUpdate, status: 200, response: Source, errors: [],
  }),
  deleteSource: operation({
    method: "DELETE", path: "/v1/studios/{id}/sources/{sourceId}", tag: "Sources", summary: "Delete a source",
    description: "Its publisher is disconnected and its sessions end.",
    auth: "credential", scope: "sources:write", write: true,
    params: ofSource, query: null, body: null, status: 204, response: null, errors: [],
  }),

  listMediaSessions: operation({
    method: "GET", path: "/v1/studios/{id}/media-sessions", tag: "Media sessions", summary: "List a studio's media sessions",
    auth: "credential", scope: "sources:read", write: false, paginated: true,
    params: ofStudio, query: list, body: null, status: 200, response: MediaSessionList, errors: [],
  }),
  createMediaSession: operation({
    method: "POST", path: "/v1/studios/{id}/media-sessions", tag: "Media sessions", summary: "Create a media session",
    description: "Answers with a token and the addresses to publish to, shown this once.",
    auth: "credential", scope: "sources:write", write: true,
    params: ofStudio, query: null, body: MediaSessionCreate, status: 201, response: MediaSessionCreated, errors: [],
  }),
  revokeMediaSession: operation({
    method: "DELETE", path: "/v1/studios/{id}/media-sessions/{sessionId}", tag: "Media sessions", summary: "Revoke a media session",
    description: "What uses it is disconnected within a second.",
    auth: "credential", scope: "sources:write", write: true,
    params: z.object({ id: StudioId, sessionId: MediaSessionId }), query: null, body: null, status: 204, response: null, errors: [],
  }),

  listDestinations: operation({
    method: "GET", path: "/v1/studios/{id}/destinations", tag: "Destinations", summary: "List a studio's destinations",
    auth: "credential", scope: "destinations:read", write: false, paginated: true,
    params: ofStudio, query: list, body: null, status: 200, response: DestinationList, errors: [],
  }),
  createDestination: operation({
    method: "POST", path: "/v1/studios/{id}/destinations", tag: "Destinations", summary: "Add a destination",
    description: "While the studio is live it is connected at once.",
    auth: "credential", scope: "destinations:write", write: true,
    params: ofStudio, query: null, body: DestinationCreate, status: 201, response: Destination, errors: ["destination_refused"],
  }),
  getDestination: operation({
    method: "GET", path: "/v1/studios/{id}/destinations/{destId}", tag: "Destinations", summary: "Get a destination",
    auth: "credential", scope: "destinations:read", write: false,
    params: ofDestination, query: null, body: null, status: 200, response: Destination, errors: [],
  }),
  updateDestination: operation({
    method: "PATCH", path: "/v1/studios/{id}/destinations/{destId}", tag: "Destinations", summary: "Change a destination",
    description: "While the studio is live a new address or key is a new connection; enabling connects, disabling disconnects.",
    auth: "credential", scope: "destinations:write", write: true,
    params: ofDestination, query: null, body: DestinationUpdate, status: 200, response: Destination, errors: ["destination_refused"],
  }),
  deleteDestination: operation({
    method: "DELETE", path: "/v1/studios/{id}/destinations/{destId}", tag: "Destinations", summary: "Remove a destination",
    auth: "credential", scope: "destinations:write", write: true,
    params: ofDestination, query: null, body: null, status: 204, response: null, errors: [],
  }),

  getStreamStatus: operation({
    method: "GET", path: "/v1/studios/{id}/stream-status", tag: "Stream", summary: "What is on air, and how it fares",
    auth: "credential", scope: "stream:read", write: false,
    params: ofStudio, query: null, body: null, status: 200, response: StreamStatus, errors: [],
  }),
  goLive: operation({
    method: "POST", path: "/v1/studios/{id}/go-live", tag: "Stream", summary: "Go live",
    description: "Answers at once with `starting`; the status tells when it is `live`. Going live twice is going live once.",
    auth: "credential", scope: "stream:golive", write: true,
    params: ofStudio, query: null, body: GoLive, bodyOptional: true, status: 200, response: StreamStatus, errors: ["no_enabled_destination"],
  }),
  goOffline: operation({
    method: "POST", path: "/v1/studios/{id}/go-offline", tag: "Stream", summary: "Go offline",
    auth: "credential", scope: "stream:golive", write: true,
    params: ofStudio, query: null, body: GoOffline, bodyOptional: true, status: 200, response: StreamStatus, errors: [],
  }),
  listBroadcasts: operation({
    method: "GET", path: "/v1/studios/{id}/broadcasts", tag: "Stream", summary: "List a studio's broadcasts",
    auth: "credential", scope: "stream:read", write: false, paginated: true,
    params: ofStudio, query: list, body: null, status: 200, response: BroadcastList, errors: [],
  }),
  getBroadcast: operation({
    method: "GET", path: "/v1/studios/{id}/broadcasts/{broadcastId}", tag: "Stream", summary: "Get a broadcast",
    auth: "credential", scope: "stream:read", write: false,
    params: z.object({ id: StudioId, broadcastId: BroadcastId }), query: null, body: null, status: 200, response: Broadcast, errors: [],
  }),
  streamEvents: operation({
    method: "GET", path: "/v1/studios/{id}/events", tag: "Events", summary: "Follow a studio's events",
    description:
      "Server-sent events: `id` is the event's id, `event` its type, `data` the envelope. `Last-Event-ID` (or `?lastEventId=`) resumes after that event. A credential is sent the types its scopes allow.",
    auth: "credential", scope: [...new Set(Object.values(eventScopes))], write: false,
    params: ofStudio,
    query: z.object({ lastEventId: z.string().max(100).optional() }),
    body: null, status: 200, response: EventEnvelope, contentType: "text/event-stream", errors: [],
  }),
} as const;

export type OperationId = keyof typeof operations;
