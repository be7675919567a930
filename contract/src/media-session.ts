import { z } from "zod";
import { Time, id, page } from "./field.ts";

export const MediaSessionId = id("msn").meta({ example: "msn_01k9zv4q8fe6s9yq4n3g5t0w2x" });

export const MediaSessionRole = z.enum(["publish", "play"]).meta({ id: "MediaSessionRole" });
/** Apart from what is answered, so that either may grow without the other. */
export const MediaSessionRoleInput = z.enum(["publish", "play"]).meta({ id: "MediaSessionRoleInput" });
export type MediaSessionRole = z.infer<typeof MediaSessionRole>;

const sessionFields = {
  id: MediaSessionId,
  studioId: id("std"),
  role: MediaSessionRole,
  sourceId: id("src")
    .nullable()
    .meta({ description: "What is published, or played; null: the program, or its preview, is played." }),
  preview: z.boolean().meta({ description: "The studio's preview is played." }),
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

const address = (name: string) => z.object({ url: z.string() }).meta({ id: name });

export const Playback = z
  .object({
    whep: z.object({ url: z.string(), bearerToken: z.string() }).meta({ id: "PlaybackWhep" }),
    srt: address("PlaybackSrt").optional(),
    rtmp: address("PlaybackRtmp").optional(),
    hls: address("PlaybackHls").optional(),
  })
  .meta({
    id: "Playback",
    description:
      "Where and how to watch, with the token in place. WHEP is under half a second late, HLS a few seconds. A preview is for WHEP alone. Other protocols may be added.",
  });
export type Playback = z.infer<typeof Playback>;

const token = z.string().meta({ description: "Shown this once." });

export const PublishSessionCreated = z
  .object({ ...sessionFields, token, ingest: Ingest })
  .meta({ id: "PublishSessionCreated" });
export type PublishSessionCreated = z.infer<typeof PublishSessionCreated>;

export const MediaSessionCreated = z
  .object({
    ...sessionFields,
    token,
    ingest: Ingest.optional().meta({ description: "Of a session that publishes." }),
    playback: Playback.optional().meta({ description: "Of a session that plays." }),
  })
  .meta({ id: "MediaSessionCreated" });
export type MediaSessionCreated = z.infer<typeof MediaSessionCreated>;

export const MediaSessionList = page("MediaSessionList", MediaSession);

export const MediaSessionCreate = z
  .strictObject({
    role: MediaSessionRoleInput,
    sourceId: id("src")
      .optional()
      .meta({ description: "What to publish, or to play. Without one the program is played." }),
    preview: z.boolean().default(false).meta({ description: "Play the preview in place of the program." }),
    expiresInSeconds: z.number().int().min(1).max(31_536_000).default(86_400),
  })
  .refine(({ role, sourceId }) => role !== "publish" || sourceId !== undefined, {
    path: ["sourceId"],
    message: "is needed to publish",
  })
  .refine(({ role, sourceId, preview }) => !preview || (role === "play" && sourceId === undefined), {
    path: ["preview"],
    message: "is played alone, without a source",
  })
  .meta({
    id: "MediaSessionCreate",
    examples: [{ role: "publish", sourceId: "src_01k9zv4q8fe6s9yq4n3g5t0w2x", expiresInSeconds: 3600 }],
  });
export type MediaSessionCreate = z.infer<typeof MediaSessionCreate>;
