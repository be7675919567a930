import { z } from "zod";
import { Time, id, page } from "./field.ts";

export const MediaSessionId = id("msn").meta({ example: "msn_01k9zv4q8fe6s9yq4n3g5t0w2x" });

export const MediaSessionRole = z.enum(["publish", "play"]).meta({ id: "MediaSessionRole" });
/** What can be asked for now; `play` joins when the program can be watched. */
export const MediaSessionRoleInput = z.enum(["publish"]).meta({ id: "MediaSessionRoleInput" });

const sessionFields = {
  id: MediaSessionId,
  studioId: id("std"),
  role: MediaSessionRole,
  sourceId: id("src").nullable(),
  expiresAt: Time,
  createdAt: Time,
};

export const MediaSession = z.object(sessionFields).meta({
  id: "MediaSession",
  description: "Leave to publish or play, by a token. Expiry and revocation disconnect what uses it.",
});
export type MediaSession = z.infer<typeof MediaSession>;

const keyed = (name: string) => z.object({ url: z.string(), streamKey: z.string() }).meta({ id: name });

export const Ingest = z
  .object({
    rtmp: keyed("IngestRtmp"),
    rtmps: keyed("IngestRtmps"),
    srt: z.object({ url: z.string() }).meta({ id: "IngestSrt" }),
    whip: z.object({ url: z.string(), bearerToken: z.string() }).meta({ id: "IngestWhip" }),
  })
  .meta({
    id: "Ingest",
    description: "Where and how to publish, with the token in place. OBS: server and stream key.",
  });
export type Ingest = z.infer<typeof Ingest>;

export const MediaSessionCreated = z
  .object({ ...sessionFields, token: z.string().meta({ description: "Shown this once." }), ingest: Ingest })
  .meta({ id: "MediaSessionCreated" });
export type MediaSessionCreated = z.infer<typeof MediaSessionCreated>;

export const MediaSessionList = page("MediaSessionList", MediaSession);

export const MediaSessionCreate = z
  .strictObject({
    role: MediaSessionRoleInput,
    sourceId: id("src"),
    expiresInSeconds: z.number().int().min(1).max(31_536_000).default(86_400),
  })
  .meta({
    id: "MediaSessionCreate",
    examples: [{ role: "publish", sourceId: "src_01k9zv4q8fe6s9yq4n3g5t0w2x", expiresInSeconds: 3600 }],
  });
export type MediaSessionCreate = z.infer<typeof MediaSessionCreate>;
