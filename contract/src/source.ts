import { z } from "zod";
import { Name, Time, id, page } from "./field.ts";
import { StudioId } from "./studio.ts";
import { PublishSessionCreated } from "./media-session.ts";

export const SourceId = id("src").meta({ example: "src_01k9zv4q8fe6s9yq4n3g5t0w2x" });

export const SourceKind = z.enum(["ingest", "media", "pull"]).meta({ id: "SourceKind" });
export const SourceKindInput = z.enum(["ingest"]).meta({ id: "SourceKindInput" });
export const SourceStatus = z.enum(["offline", "online", "error"]).meta({ id: "SourceStatus" });
export type SourceStatus = z.infer<typeof SourceStatus>;
export const OnConflict = z.enum(["refuse", "replace"]).meta({ id: "OnConflict" });
export const IngestProtocol = z.enum(["rtmp", "rtmps", "srt", "whip"]).meta({ id: "IngestProtocol" });
export type IngestProtocol = z.infer<typeof IngestProtocol>;
export const VideoCodec = z.enum(["h264", "hevc", "av1", "vp8", "vp9"]).meta({ id: "VideoCodec" });
export const AudioCodec = z.enum(["aac", "opus", "mp3"]).meta({ id: "AudioCodec" });

export const SourceVideo = z
  .object({
    codec: VideoCodec,
    width: z.number().int().nullable(),
    height: z.number().int().nullable(),
    frameRate: z.number().nullable(),
    bitrate: z.number().int().nullable().meta({
      description: "bit/s that arrive now, less audio where that is measured apart; null while nothing is measured",
    }),
  })
  .meta({ id: "SourceVideo" });
export type SourceVideo = z.infer<typeof SourceVideo>;

export const SourceAudio = z
  .object({
    codec: AudioCodec,
    sampleRate: z.number().int().nullable(),
    channels: z.number().int().nullable(),
    bitrate: z.number().int().nullable(),
  })
  .meta({ id: "SourceAudio" });
export type SourceAudio = z.infer<typeof SourceAudio>;

const sourceFields = {
  id: SourceId,
  studioId: StudioId,
  name: z.string(),
  kind: SourceKind,
  assetId: z.string().nullable(),
  url: z.string().nullable(),
  onConflict: OnConflict.meta({
    description: "What happens to a second publisher: refused, or it replaces the first.",
  }),
  status: SourceStatus,
  protocol: z
    .string()
    .nullable()
    .meta({ description: "`rtmp`, `rtmps`, `srt` or `whip` as seen; null while offline." }),
  video: SourceVideo.nullable(),
  audio: SourceAudio.nullable(),
  createdAt: Time,
  updatedAt: Time,
};

export const Source = z.object(sourceFields).meta({
  id: "Source",
  description: "Something live that a studio takes in. `status` is read from what is really arriving.",
});
export type Source = z.infer<typeof Source>;

export const SourceCreated = z.object({ ...sourceFields, session: PublishSessionCreated }).meta({
  id: "SourceCreated",
  description: "The source with its first publish session, whose token is shown this once.",
});
export type SourceCreated = z.infer<typeof SourceCreated>;

export const SourceList = page("SourceList", Source);

export const SourceCreate = z
  .strictObject({ name: Name, kind: SourceKindInput.default("ingest"), onConflict: OnConflict.default("refuse") })
  .meta({ id: "SourceCreate", examples: [{ name: "Camera 1" }] });
export type SourceCreate = z.infer<typeof SourceCreate>;

export const SourceUpdate = z
  .strictObject({ name: Name.optional(), onConflict: OnConflict.optional() })
  .meta({ id: "SourceUpdate", examples: [{ name: "Camera left" }] });
export type SourceUpdate = z.infer<typeof SourceUpdate>;
