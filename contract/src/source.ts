import { z } from "zod";
import { Name, Time, id, page } from "./field.ts";
import { StudioId } from "./studio.ts";
import { PublishSessionCreated } from "./media-session.ts";

export const SourceId = id("src").meta({ example: "src_01k9zv4q8fe6s9yq4n3g5t0w2x" });

export const SourceKind = z.enum(["ingest", "media", "pull"]).meta({ id: "SourceKind" });
export const SourceKindInput = z.enum(["ingest", "media", "pull"]).meta({ id: "SourceKindInput" });
export const SourceStatus = z.enum(["offline", "online", "error"]).meta({ id: "SourceStatus" });
export type SourceStatus = z.infer<typeof SourceStatus>;
export const OnConflict = z.enum(["refuse", "replace"]).meta({ id: "OnConflict" });
export const IngestProtocol = z.enum(["rtmp", "rtmps", "srt", "whip"]).meta({ id: "IngestProtocol" });
export type IngestProtocol = z.infer<typeof IngestProtocol>;
export const VideoCodec = z.enum(["h264", "hevc", "av1", "vp8", "vp9", "other"]).meta({ id: "VideoCodec" });
export const AudioCodec = z.enum(["aac", "opus", "mp3", "other"]).meta({ id: "AudioCodec" });

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

export const SourceErrorCode = z
  .enum([
    "address_refused",
    "dns_failed",
    "connect_failed",
    "tls_failed",
    "auth_refused",
    "not_found",
    "closed_by_peer",
    "unsupported_format",
  ])
  .meta({ id: "SourceErrorCode" });
export type SourceErrorCode = z.infer<typeof SourceErrorCode>;

export const SourceError = z.object({ code: SourceErrorCode, message: z.string(), at: Time }).meta({
  id: "SourceError",
  description: "Why it could not be shown when that was last tried, in words.",
});
export type SourceError = z.infer<typeof SourceError>;

// All of the shape is in the pattern, so that the document tells it; what the
// host stands for is decided with DNS, by the address guard.
const host = String.raw`(?:[A-Za-z0-9_][A-Za-z0-9_.-]{0,252}|\[[0-9A-Fa-f:.]{2,45}\])`;
const port = String.raw`:(?:[1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d{2}|655[0-2]\d|6553[0-5])`;
const rest = String.raw`(?:[/?][\x21\x24-\x3b\x3d\x3f-\x5b\x5d\x5f\x61-\x7a\x7e]*)?`;
const user = String.raw`(?:[\x21\x24-\x2e0-9\x3b\x3dA-Za-z_~]{1,200}(?::[\x21\x24-\x2e0-9\x3b\x3dA-Za-z_~]{0,200})?@)?`;
const withUser = `(?:[Rr][Tt][Ss][Pp]|[Hh][Tt][Tt][Pp])[Ss]?://${user}${host}(?:${port})?${rest}`;
const rtmp = `[Rr][Tt][Mm][Pp][Ss]?://${host}(?:${port})?${rest}`;
const srt = `[Ss][Rr][Tt]://${host}${port}${rest}`;

export const SourceUrl = z
  .string()
  .max(2_000)
  .regex(
    new RegExp(`^(?:${withUser}|${rtmp}|${srt})$`),
    "must be http(s)://, rtsp(s)://, rtmp(s)://host/app/stream or srt://host:port, without fragment; a user name and password only with http and rtsp",
  )
  .meta({
    description:
      "Of `media` a clip or an image by `http` or `https`; of `pull` a live stream by `rtsp`, `rtsps`, `rtmp`, `rtmps`, `srt` or, for HLS, `http` and `https`. A password is kept sealed and shown as `***`, which is taken back with the address that it is shown in, and refused with another. SRT takes `streamid`, `passphrase`, `pbkeylen` and `latency` in the query.",
    example: "https://media.example.com/opener.mp4",
  });

const Playlist = z
  .array(SourceUrl)
  .min(1)
  .max(100)
  .meta({
    description: "Of `media`: clips and images that are played one after the other, instead of `url`.",
    example: ["https://media.example.com/one.mp4", "https://media.example.com/two.mp4"],
  });
const MediaAssetId = id("ast").meta({
  description: "Of `media`: a clip, an image or music of the media library, instead of `url` and `playlist`.",
});
const SilenceMs = z.number().int().min(0).max(60_000).meta({
  description: "For how long its last picture stays when no new one comes, before it counts as gone.",
  example: 1_000,
});

const sourceFields = {
  id: SourceId,
  studioId: StudioId,
  name: z.string(),
  kind: SourceKind,
  assetId: z.string().nullable().meta({ description: "Of `media`: what of the media library is played." }),
  url: z.string().nullable().meta({ description: "Of `media` and `pull`; a password is shown as `***`." }),
  playlist: z.array(z.string()).nullable().meta({ description: "Of `media`: played one after the other." }),
  loop: z.boolean().meta({ description: "Of `media`: begun again at its end." }),
  silenceMs: z.number().int().meta({
    description: "For how long its last picture stays when no new one comes, before it counts as gone.",
  }),
  onConflict: OnConflict.meta({
    description: "What happens to a second publisher: refused, or it replaces the first.",
  }),
  status: SourceStatus,
  protocol: z
    .string()
    .nullable()
    .meta({ description: "`rtmp`, `rtmps`, `srt`, `whip`, `rtsp`, `hls` or `http` as seen; null while offline." }),
  video: SourceVideo.nullable(),
  audio: SourceAudio.nullable(),
  lastError: SourceError.nullable(),
  createdAt: Time,
  updatedAt: Time,
};

export const Source = z.object(sourceFields).meta({
  id: "Source",
  description:
    "Something live that a studio takes in: `ingest` is published to TRaX, `media` and `pull` are opened by the studio's program while it runs. `status` is read from what is really arriving.",
});
export type Source = z.infer<typeof Source>;

export const SourceCreated = z.object({ ...sourceFields, session: PublishSessionCreated.nullable() }).meta({
  id: "SourceCreated",
  description:
    "The source; of kind `ingest` with its first publish session, whose token is shown this once, else `session` is null.",
});
export type SourceCreated = z.infer<typeof SourceCreated>;

/** The answer to who made an ingest source. */
export const IngestCreated = SourceCreated.extend({ session: PublishSessionCreated });
export type IngestCreated = z.infer<typeof IngestCreated>;

export const SourceList = page("SourceList", Source);

export const SourceCreate = z
  .strictObject({
    name: Name,
    kind: SourceKindInput.default("ingest"),
    onConflict: OnConflict.default("refuse"),
    assetId: MediaAssetId.optional(),
    url: SourceUrl.optional(),
    playlist: Playlist.optional(),
    loop: z.boolean().default(true),
    silenceMs: SilenceMs.default(1_000),
  })
  .meta({
    id: "SourceCreate",
    examples: [{ name: "Camera 1" }],
  });
export type SourceCreate = z.infer<typeof SourceCreate>;

export const SourceUpdate = z
  .strictObject({
    name: Name.optional(),
    onConflict: OnConflict.optional(),
    assetId: MediaAssetId.optional(),
    url: SourceUrl.optional(),
    playlist: Playlist.optional(),
    loop: z.boolean().optional(),
    silenceMs: SilenceMs.optional(),
  })
  .meta({ id: "SourceUpdate", examples: [{ name: "Camera left" }] });
export type SourceUpdate = z.infer<typeof SourceUpdate>;
