import { z } from "zod";
import { operation } from "./operation.ts";
import { SourceId } from "./source.ts";
import { StudioId, ofStudio } from "./studio.ts";

const Jpeg = z.custom<Uint8Array>((value) => value instanceof Uint8Array);

/** Stills, for people who look rather than read. */
export const snapshotOperations = {
  getProgramSnapshot: operation({
    method: "GET",
    path: "/v1/studios/{id}/program/snapshot",
    tag: "Program",
    summary: "A still of the program",
    description:
      "At most a second old; `Last-Modified` and `X-Taken-At` say when it was taken. A program that does not run is started for it, and stops again by itself; `no_capacity` where the nodes cannot carry it. A studio in passthrough has no picture of its own: `conflict`.",
    auth: "credential",
    scope: "stream:read",
    write: false,
    params: ofStudio,
    query: null,
    body: null,
    status: 200,
    response: Jpeg,
    contentType: "image/jpeg",
    errors: ["conflict", "media_unavailable", "no_capacity"],
  }),
  getSourceSnapshot: operation({
    method: "GET",
    path: "/v1/studios/{id}/sources/{sourceId}/snapshot",
    tag: "Sources",
    summary: "A still of a source",
    description:
      "As with the program. Of a source that nobody publishes there is none, nor in a studio in passthrough: `conflict`.",
    auth: "credential",
    scope: "sources:read",
    write: false,
    params: z.object({ id: StudioId, sourceId: SourceId }),
    query: null,
    body: null,
    status: 200,
    response: Jpeg,
    contentType: "image/jpeg",
    errors: ["conflict", "media_unavailable", "no_capacity"],
  }),
} as const;
