import { z } from "zod";
import { Name, Time, id, page } from "./field.ts";

/** The media library: clips, images and music of an account, uploaded or recorded. */

export const AssetId = id("ast").meta({ example: "ast_01k9zv4q8fe6s9yq4n3g5t0w2x" });

export const AssetKind = z.enum(["video", "audio", "image"]).meta({ id: "AssetKind" });
export type AssetKind = z.infer<typeof AssetKind>;

export const AssetOrigin = z.enum(["upload", "recording"]).meta({ id: "AssetOrigin" });

export const AssetStatus = z.enum(["awaiting_upload", "processing", "ready", "failed"]).meta({ id: "AssetStatus" });
export type AssetStatus = z.infer<typeof AssetStatus>;

const gib = 1_073_741_824;

/** What an asset of each kind may have at the most, bytes. */
export const assetSizeLimits: Readonly<Record<AssetKind, number>> = {
  video: 20 * gib,
  audio: 2 * gib,
  image: 50 * 1_048_576,
};

export const assetContentTypes = [
  "video/mp4",
  "video/webm",
  "video/quicktime",
  "video/x-matroska",
  "video/matroska",
  "video/mp2t",
  "audio/mpeg",
  "audio/mp3",
  "audio/aac",
  "audio/mp4",
  "audio/x-m4a",
  "audio/wav",
  "audio/x-wav",
  "audio/wave",
  "audio/flac",
  "audio/x-flac",
  "audio/ogg",
  "image/png",
  "image/jpeg",
  "image/gif",
  "image/webp",
] as const;

export const AssetContentType = z.enum(assetContentTypes).meta({
  id: "AssetContentType",
  description: "Its kind is what stands before the slash. What it really is, is looked at once it has been uploaded.",
});
export type AssetContentType = z.infer<typeof AssetContentType>;

/** Every content type's kind is what it begins with. */
export function assetKindOf(contentType: AssetContentType): AssetKind {
  if (contentType.startsWith("video/")) return "video";
  return contentType.startsWith("audio/") ? "audio" : "image";
}

const signed = (about: string) =>
  z
    .string()
    .nullable()
    .meta({
      description: `${about} A signed URL that lasts an hour at least, takes \`Range\`, and is the same for up to ten minutes.`,
    });

const assetFields = {
  id: AssetId,
  name: z.string(),
  kind: AssetKind,
  origin: AssetOrigin,
  broadcastId: z.string().nullable().meta({ description: "Of a recording." }),
  contentType: z.string(),
  sizeBytes: z.number().int(),
  sha256: z.string().nullable().meta({ description: "Hex; null until it is known." }),
  status: AssetStatus,
  progress: z.number().int().meta({ description: "0 to 100, while it is `processing`." }),
  failureReason: z
    .string()
    .nullable()
    .meta({ description: "In words: why it has `failed`, or what it waits for while it is `processing`." }),
  durationMs: z.number().int().nullable(),
  width: z.number().int().nullable(),
  height: z.number().int().nullable(),
  thumbnailUrl: signed("A small JPEG of a clip or an image."),
  downloadUrl: signed("The bytes as they came."),
  renditionUrl: signed("What a program plays, where that is another file."),
  waveformUrl: signed("What it sounds like over time, as JSON."),
  createdAt: Time,
  updatedAt: Time,
};

export const Asset = z.object(assetFields).meta({
  id: "Asset",
  description:
    "A clip, an image or music. `ready` once it was looked at and can be shown; `failed` says why it cannot; usable in scenes as soon as it is there.",
});
export type Asset = z.infer<typeof Asset>;

export const AssetList = page("AssetList", Asset);
export type AssetList = z.infer<typeof AssetList>;

const headersOf = z.record(z.string(), z.string());

export const AssetUploadPart = z
  .object({
    partNumber: z.number().int(),
    offset: z.number().int().meta({ description: "Where in the file it begins, bytes." }),
    sizeBytes: z.number().int(),
    url: z.string(),
    headers: headersOf,
  })
  .meta({ id: "AssetUploadPart", description: "`PUT` exactly these bytes there; in any order, several at a time." });
export type AssetUploadPart = z.infer<typeof AssetUploadPart>;

export const AssetUploadMethod = z.enum(["PUT"]).meta({ id: "AssetUploadMethod" });

export const AssetUpload = z
  .object({
    method: AssetUploadMethod,
    url: z.string(),
    headers: headersOf.meta({ description: "To be sent with it, as they are." }),
    expiresAt: Time,
    receivedBytes: z.number().int().meta({
      description:
        "How much of it is there already: go on with `Content-Range: bytes <receivedBytes>-<last>/<sizeBytes>`. 0 where all is to be sent.",
    }),
    parts: z.array(AssetUploadPart).nullable().meta({
      description:
        "Where given, send these in place of all in one, then call `complete`: each stays when another fails. Only those that are still missing are listed.",
    }),
  })
  .meta({
    id: "AssetUpload",
    description:
      "Leave to send the bytes, once: of exactly the length, type and checksum that were told. What fails may be tried again until it expires.",
  });
export type AssetUpload = z.infer<typeof AssetUpload>;

export const AssetCreated = z.object({ ...assetFields, upload: AssetUpload }).meta({ id: "AssetCreated" });
export type AssetCreated = z.infer<typeof AssetCreated>;

export const AssetCreate = z
  .strictObject({
    name: Name.meta({ description: "Only ever a name: it is no part of a path.", example: "Opener.mp4" }),
    contentType: AssetContentType,
    sizeBytes: z.number().int().min(1).max(assetSizeLimits.video).meta({
      description: "Exactly. At most 20 GiB of video, 2 GiB of audio, 50 MiB of an image.",
      example: 1_048_576,
    }),
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/, "must be 64 hexadecimal digits in lower case")
      .optional()
      .meta({ description: "Of all the bytes, in hex. Others are refused then." }),
  })
  .meta({
    id: "AssetCreate",
    examples: [{ name: "Opener.mp4", contentType: "video/mp4", sizeBytes: 1_048_576 }],
  });
export type AssetCreate = z.infer<typeof AssetCreate>;

export const AssetUpdate = z.strictObject({ name: Name.optional() }).meta({
  id: "AssetUpdate",
  examples: [{ name: "Opener, new" }],
});
export type AssetUpdate = z.infer<typeof AssetUpdate>;
