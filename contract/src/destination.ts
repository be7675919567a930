import { z } from "zod";
import { Name, Time, id, page } from "./field.ts";

export const DestinationId = id("dst").meta({ example: "dst_01k9zv4q8fe6s9yq4n3g5t0w2x" });

export const Platform = z
  .enum(["custom", "twitch", "youtube", "kick", "owncast", "facebook"])
  .meta({ id: "DestinationPlatform" });
export const DestinationProtocol = z.enum(["rtmp", "rtmps", "srt", "whip"]).meta({ id: "DestinationProtocol" });
export const DestinationStatus = z.enum(["idle", "connecting", "live", "reconnecting", "failed"]).meta({
  id: "DestinationStatus",
  description:
    "`idle`: nothing to send. `connecting`: not taken yet. `live`: the peer takes bytes. `reconnecting`: was lost and is tried again. `failed`: refused, or hopeless for now; tried again slowly.",
});
export type DestinationStatus = z.infer<typeof DestinationStatus>;

export const DestinationErrorCode = z
  .enum([
    "address_refused",
    "dns_failed",
    "connect_failed",
    "tls_failed",
    "auth_refused",
    "name_in_use",
    "closed_by_peer",
    "write_timeout",
    "protocol_error",
    "platform_refused",
  ])
  .meta({ id: "DestinationErrorCode" });

export const DestinationPrivacy = z.enum(["public", "unlisted", "private"]).meta({
  id: "DestinationPrivacy",
  description: "Of the broadcast that the platform makes of a go-live (YouTube).",
});

export const DestinationError = z.object({ code: DestinationErrorCode, message: z.string(), at: Time }).meta({
  id: "DestinationError",
  description: "What last went wrong, in words; it stays after recovery until the next broadcast.",
});
export type DestinationError = z.infer<typeof DestinationError>;

export const Destination = z
  .object({
    id: DestinationId,
    studioId: id("std"),
    name: z.string(),
    platform: Platform,
    protocol: DestinationProtocol,
    url: z.string().meta({ description: "An SRT passphrase is shown as `***`." }),
    enabled: z.boolean(),
    streamKeySet: z.boolean(),
    connectionId: z.string().nullable().meta({ description: "The linked account that it was made from." }),
    privacy: DestinationPrivacy,
    status: DestinationStatus,
    lastError: DestinationError.nullable(),
    delayMs: z.number().int().meta({ description: "How much later than the program it is sent." }),
    createdAt: Time,
    updatedAt: Time,
  })
  .meta({
    id: "Destination",
    description: "Where the program is sent. The stream key is taken in and never given out.",
  });
export type Destination = z.infer<typeof Destination>;

export const DestinationList = page("DestinationList", Destination);

// All of the shape is in the pattern, so that the document tells it; what the
// host stands for is decided with DNS, by the address guard.
const host = String.raw`(?:[A-Za-z0-9_][A-Za-z0-9_.-]{0,252}|\[[0-9A-Fa-f:.]{2,45}\])`;
const port = String.raw`:(?:[1-9]\d{0,3}|[1-5]\d{4}|6[0-4]\d{3}|65[0-4]\d{2}|655[0-2]\d|6553[0-5])`;
const rest = String.raw`(?:[/?][\x21\x24-\x3b\x3d\x3f-\x5b\x5d\x5f\x61-\x7a\x7e]*)?`;
const rtmp = `[Rr][Tt][Mm][Pp][Ss]?://${host}(?:${port})?${rest}`;
const srt = `[Ss][Rr][Tt]://${host}${port}${rest}`;
const whip = `[Hh][Tt][Tt][Pp][Ss]?://${host}(?:${port})?${rest}`;

export const DestinationUrl = z
  .string()
  .max(2_000)
  .regex(
    new RegExp(`^(?:${rtmp}|${srt}|${whip})$`),
    "must be rtmp://host, rtmps://host, srt://host:port or, for WHIP, https://host, without user name, password or fragment; a key goes into streamKey",
  )
  .meta({
    description:
      "The scheme tells the protocol; `https` is WHIP, whose bearer token goes into `streamKey`. `http` is taken only towards networks that the operator has listed. SRT takes `streamid`, `passphrase`, `pbkeylen` and `latency` in the query; a passphrase is kept sealed and shown as `***`, which sent back is the one there was.",
    example: "rtmps://live.example.com:443/app",
  });

const connectionId = id("cnx").nullable().optional().meta({
  description:
    "A linked account, instead of `url` and `streamKey`: its platform tells both at each go-live. Null: none any more.",
});

/** So long a destination may lag behind the program; what waits is kept in memory. */
const DelayMs = z.number().int().min(0).max(60_000).meta({ example: 0 });

const streamKey = z
  .string()
  .regex(/^[\x21-\x7e]{1,500}$/, "must be 1 to 500 visible ASCII characters, without spaces")
  .meta({ writeOnly: true, example: "live_123456_abcdef" });

export const DestinationCreate = z
  .strictObject({
    name: Name,
    platform: Platform.default("custom").meta({ description: "Of a connection: its own." }),
    url: DestinationUrl.optional(),
    connectionId,
    privacy: DestinationPrivacy.default("public"),
    streamKey: streamKey.nullable().optional(),
    enabled: z.boolean().default(true),
    delayMs: DelayMs.default(0),
  })
  .meta({
    id: "DestinationCreate",
    description: "With `url` or with `connectionId`.",
    examples: [
      { name: "Twitch", platform: "twitch", url: "rtmps://ingest.example.com/app", streamKey: "live_123456_abcdef" },
    ],
  });
export type DestinationCreate = z.infer<typeof DestinationCreate>;

export const DestinationUpdate = z
  .strictObject({
    name: Name.optional(),
    platform: Platform.optional(),
    url: DestinationUrl.optional(),
    connectionId,
    privacy: DestinationPrivacy.optional(),
    streamKey: streamKey.nullable().optional(),
    enabled: z.boolean().optional(),
    delayMs: DelayMs.optional(),
  })
  .meta({ id: "DestinationUpdate", examples: [{ enabled: false }] });
export type DestinationUpdate = z.infer<typeof DestinationUpdate>;
