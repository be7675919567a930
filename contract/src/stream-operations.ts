import { z } from "zod";
import { Broadcast, BroadcastId, BroadcastList, GoLive, GoOffline, StreamStatus } from "./broadcast.ts";
import { EventEnvelope, eventScopes } from "./event.ts";
import { PageQuery } from "./field.ts";
import { operation } from "./operation.ts";
import { StudioId, ofStudio } from "./studio.ts";

/** Going live, and following it. */
export const streamOperations = {
  getStreamStatus: operation({
    method: "GET",
    path: "/v1/studios/{id}/stream-status",
    tag: "Stream",
    summary: "What is on air, and how it fares",
    auth: "credential",
    scope: "stream:read",
    write: false,
    params: ofStudio,
    query: null,
    body: null,
    status: 200,
    response: StreamStatus,
    errors: [],
  }),
  goLive: operation({
    method: "POST",
    path: "/v1/studios/{id}/go-live",
    tag: "Stream",
    summary: "Go live",
    description:
      "Answers at once with `starting`; the status tells when it is `live`. Going live twice is going live once. `no_capacity` where the media nodes cannot carry the program beside those on air: ask again later (`Retry-After`). Programs that are only watched end where their room is needed.",
    auth: "credential",
    scope: "stream:golive",
    write: true,
    params: ofStudio,
    query: null,
    body: GoLive,
    bodyOptional: true,
    status: 200,
    response: StreamStatus,
    errors: ["no_enabled_destination", "no_capacity"],
  }),
  goOffline: operation({
    method: "POST",
    path: "/v1/studios/{id}/go-offline",
    tag: "Stream",
    summary: "Go offline",
    auth: "credential",
    scope: "stream:golive",
    write: true,
    params: ofStudio,
    query: null,
    body: GoOffline,
    bodyOptional: true,
    status: 200,
    response: StreamStatus,
    errors: [],
  }),
  listBroadcasts: operation({
    method: "GET",
    path: "/v1/studios/{id}/broadcasts",
    tag: "Stream",
    summary: "List a studio's broadcasts",
    auth: "credential",
    scope: "stream:read",
    write: false,
    paginated: true,
    params: ofStudio,
    query: PageQuery,
    body: null,
    status: 200,
    response: BroadcastList,
    errors: [],
  }),
  getBroadcast: operation({
    method: "GET",
    path: "/v1/studios/{id}/broadcasts/{broadcastId}",
    tag: "Stream",
    summary: "Get a broadcast",
    auth: "credential",
    scope: "stream:read",
    write: false,
    params: z.object({ id: StudioId, broadcastId: BroadcastId }),
    query: null,
    body: null,
    status: 200,
    response: Broadcast,
    errors: [],
  }),
  streamEvents: operation({
    method: "GET",
    path: "/v1/studios/{id}/events",
    tag: "Events",
    summary: "Follow a studio's events",
    description:
      "Server-sent events: `id` is the event's id, `event` its type, `data` the envelope. `Last-Event-ID` (or `?lastEventId=`) resumes after that event. A credential is sent the types its scopes allow. With `?meters=true` (needs `stream:read`) `program.meters` comes in between, ten times a second while something is heard: `data` is an envelope without an id, with `data.program{peak,rms}` and `data.sources[{sourceId,peak,rms}]` in dBFS; it cannot be resumed from.",
    auth: "credential",
    scope: [...new Set(Object.values(eventScopes))],
    write: false,
    params: ofStudio,
    query: z.object({
      lastEventId: z.string().max(100).optional(),
      meters: z
        .enum(["true", "false"])
        .meta({ id: "EventMeters", description: "`true`: `program.meters` is sent, too." })
        .optional(),
    }),
    body: null,
    status: 200,
    response: EventEnvelope,
    contentType: "text/event-stream",
    errors: ["invalid_cursor"],
  }),
} as const;
