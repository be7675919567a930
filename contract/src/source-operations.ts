import { z } from "zod";
import { PageQuery } from "./field.ts";
import { MediaSessionCreate, MediaSessionCreated, MediaSessionId, MediaSessionList } from "./media-session.ts";
import type { MediaSessionRole } from "./media-session.ts";
import { operation } from "./operation.ts";
import type { Scope } from "./scope.ts";
import { Source, SourceCreate, SourceCreated, SourceId, SourceList, SourceUpdate } from "./source.ts";
import { StudioId, ofStudio } from "./studio.ts";

const ofSource = z.object({ id: StudioId, sourceId: SourceId });

/** The scope that a media session of this role needs. */
export const mediaSessionScopes = {
  publish: "sources:write",
  play: "stream:read",
} as const satisfies Record<MediaSessionRole, Scope>;

const sessionScopes = [mediaSessionScopes.publish, mediaSessionScopes.play] as const;

/** Sources and their media sessions. */
export const sourceOperations = {
  listSources: operation({
    method: "GET",
    path: "/v1/studios/{id}/sources",
    tag: "Sources",
    summary: "List a studio's sources",
    auth: "credential",
    scope: "sources:read",
    write: false,
    paginated: true,
    params: ofStudio,
    query: PageQuery,
    body: null,
    status: 200,
    response: SourceList,
    errors: [],
  }),
  createSource: operation({
    method: "POST",
    path: "/v1/studios/{id}/sources",
    tag: "Sources",
    summary: "Create a source",
    description:
      "An `ingest` source comes with its first publish session: its token and addresses are shown this once. `media` and `pull` sources need a URL, which may not lead into networks that the operator has not listed.",
    auth: "credential",
    scope: "sources:write",
    write: true,
    params: ofStudio,
    query: null,
    body: SourceCreate,
    status: 201,
    response: SourceCreated,
    errors: ["destination_refused"],
  }),
  getSource: operation({
    method: "GET",
    path: "/v1/studios/{id}/sources/{sourceId}",
    tag: "Sources",
    summary: "Get a source",
    auth: "credential",
    scope: "sources:read",
    write: false,
    params: ofSource,
    query: null,
    body: null,
    status: 200,
    response: Source,
    errors: [],
  }),
  updateSource: operation({
    method: "PATCH",
    path: "/v1/studios/{id}/sources/{sourceId}",
    tag: "Sources",
    summary: "Change a source",
    auth: "credential",
    scope: "sources:write",
    write: true,
    params: ofSource,
    query: null,
    body: SourceUpdate,
    status: 200,
    response: Source,
    errors: ["destination_refused"],
  }),
  deleteSource: operation({
    method: "DELETE",
    path: "/v1/studios/{id}/sources/{sourceId}",
    tag: "Sources",
    summary: "Delete a source",
    description: "Its publisher is disconnected and its sessions end.",
    auth: "credential",
    scope: "sources:write",
    write: true,
    params: ofSource,
    query: null,
    body: null,
    status: 204,
    response: null,
    errors: [],
  }),
  listMediaSessions: operation({
    method: "GET",
    path: "/v1/studios/{id}/media-sessions",
    tag: "Media sessions",
    summary: "List a studio's media sessions",
    auth: "credential",
    scope: "sources:read",
    write: false,
    paginated: true,
    params: ofStudio,
    query: PageQuery,
    body: null,
    status: 200,
    response: MediaSessionList,
    errors: [],
  }),
  createMediaSession: operation({
    method: "POST",
    path: "/v1/studios/{id}/media-sessions",
    tag: "Media sessions",
    summary: "Create a media session",
    description:
      "Answers with a token and the addresses to publish to, or to watch at, shown this once. To publish needs `sources:write`, to play `stream:read`.",
    auth: "credential",
    scope: sessionScopes,
    write: true,
    params: ofStudio,
    query: null,
    body: MediaSessionCreate,
    status: 201,
    response: MediaSessionCreated,
    errors: [],
  }),
  revokeMediaSession: operation({
    method: "DELETE",
    path: "/v1/studios/{id}/media-sessions/{sessionId}",
    tag: "Media sessions",
    summary: "Revoke a media session",
    description:
      "What uses it is disconnected within a second. One that publishes needs `sources:write`, one that plays `stream:read`.",
    auth: "credential",
    scope: sessionScopes,
    write: true,
    params: z.object({ id: StudioId, sessionId: MediaSessionId }),
    query: null,
    body: null,
    status: 204,
    response: null,
    errors: [],
  }),
} as const;
