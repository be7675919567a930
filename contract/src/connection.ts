import { z } from "zod";
import { Time, id, page } from "./field.ts";

export const ConnectionId = id("cnx").meta({ example: "cnx_01k9zv4q8fe6s9yq4n3g5t0w2x" });

/** Open: an operator's TRaX may know more. */
const PlatformName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,31}$/, "must be a platform's name, as in twitch")
  .meta({
    description: "`twitch`, `youtube`, `kick`, `owncast`, `irc`; `GET /v1/platforms` tells which there are.",
    example: "twitch",
  });

export const ConnectionStatus = z.enum(["ok", "needs_relink", "error"]).meta({
  id: "ConnectionStatus",
  description:
    "`needs_relink`: the platform takes TRaX's grant no more; link the account again. `error`: the platform cannot be used now; tried again.",
});
export type ConnectionStatus = z.infer<typeof ConnectionStatus>;

export const PlatformCapabilities = z
  .object({
    linking: z.enum(["oauth", "credentials"]).meta({
      id: "PlatformLinking",
      description: "`oauth`: by `authorizeConnection`. `credentials`: by `createConnection`.",
    }),
    ingest: z.boolean().meta({ description: "A destination can be made from a connection to it." }),
    metadata: z.array(z.enum(["title", "category", "privacy"]).meta({ id: "PlatformMetadataField" })),
    longestTitle: z.number().int().nullable().meta({ description: "Characters a title may have; null: not known." }),
    chat: z
      .object({
        read: z.boolean(),
        send: z.boolean(),
        replies: z.boolean(),
        longest: z.number().int().nullable().meta({ description: "Characters of one message; null: not known." }),
        longer: z
          .enum(["split", "refuse"])
          .meta({ id: "PlatformLongerMessages", description: "What becomes of a longer message." }),
      })
      .meta({ id: "PlatformChat" }),
  })
  .meta({ id: "PlatformCapabilities" });
export type PlatformCapabilities = z.infer<typeof PlatformCapabilities>;

export const PlatformView = z
  .object({
    platform: z.string(),
    title: z.string(),
    configured: z.boolean().meta({ description: "The operator has set it up: accounts can be linked." }),
    capabilities: PlatformCapabilities,
  })
  .meta({ id: "Platform", description: "A platform whose accounts can be linked." });
export type PlatformView = z.infer<typeof PlatformView>;

export const PlatformList = z.object({ data: z.array(PlatformView) }).meta({ id: "PlatformList" });

export const ConnectionQuota = z
  .object({ used: z.number().int(), limit: z.number().int(), resetsAt: Time })
  .meta({ id: "ConnectionQuota", description: "The platform's daily quota, which all of TRaX's accounts share." });

export const Connection = z
  .object({
    id: ConnectionId,
    platform: z.string().meta({ description: "`twitch`, `youtube`, `kick`, `owncast`, `irc`; more may come." }),
    accountName: z.string(),
    scopes: z.array(z.string()).meta({ description: "What the platform lets TRaX do, in its own words." }),
    status: ConnectionStatus,
    statusReason: z.string().nullable().meta({ description: "Why it is not `ok`, in words." }),
    capabilities: PlatformCapabilities,
    quota: ConnectionQuota.nullable(),
    createdAt: Time,
    updatedAt: Time,
  })
  .meta({ id: "Connection", description: "An account on a platform that is linked. Its tokens are never given out." });
export type Connection = z.infer<typeof Connection>;

export const ConnectionList = page("ConnectionList", Connection);

/** One line, no NUL. */
const line = (most: number) =>
  z.string().regex(new RegExp(`^[^\\u0000-\\u001f\\u007f]{1,${most}}$`), `must be 1 to ${most} characters in one line`);
const secretLine = (most: number) => line(most).meta({ writeOnly: true });

export const ConnectionCreate = z
  .strictObject({
    platform: PlatformName,
    url: line(500).optional().meta({ description: "Owncast: where the instance is." }),
    accessToken: secretLine(500).optional().meta({ description: "Owncast: of an integration that may send chat." }),
    streamKey: secretLine(500).optional().meta({ description: "Owncast: for destinations made from it." }),
    server: line(300).optional().meta({ description: "IRC: `ircs://host:port` or `irc://host:port`." }),
    channel: line(200).optional().meta({ description: "IRC: as in `#show`." }),
    nick: line(64).optional().meta({ description: "IRC." }),
    username: line(200).optional().meta({ description: "IRC: for SASL, where it is not the nick." }),
    password: secretLine(500).optional().meta({ description: "IRC: for SASL." }),
  })
  .meta({
    id: "ConnectionCreate",
    description: "What each platform needs of these; the others are left out.",
    examples: [{ platform: "owncast", url: "https://live.example.com", accessToken: "EXAMPLE" }],
  });
export type ConnectionCreate = z.infer<typeof ConnectionCreate>;

export const RedirectUri = z
  .string()
  .max(2_000)
  .regex(
    /^https?:\/\/[A-Za-z0-9_.:[\]-]{1,260}(?:[/?][\x21\x24-\x3b\x3d\x3f-\x5b\x5d\x5f\x61-\x7a\x7e]*)?$/,
    "must be an http or https address without fragment",
  )
  .meta({
    description:
      "Where the browser is sent in the end, with `?connectionId=` or `?error=`: on TRaX's own origin, or one that the operator lists in `TRAX_REDIRECT_URIS`.",
    example: "https://live.example.com/connections",
  });

export const ConnectionAuthorize = z.strictObject({ platform: PlatformName, redirectUri: RedirectUri }).meta({
  id: "ConnectionAuthorize",
  examples: [{ platform: "twitch", redirectUri: "https://live.example.com/connections" }],
});
export type ConnectionAuthorize = z.infer<typeof ConnectionAuthorize>;

export const ConnectionAuthorization = z
  .object({
    authorizeUrl: z.string().meta({ description: "Open it in the browser of whoever owns the account." }),
    expiresAt: Time,
  })
  .meta({ id: "ConnectionAuthorization" });

export const ConnectionMetadata = z
  .strictObject({
    title: line(140).optional().meta({
      description: "A longer one than the platform takes (`capabilities.longestTitle`) is refused, not cut.",
      example: "Friday show",
    }),
    category: line(100)
      .optional()
      .meta({ description: "By its name on the platform.", example: "Science & Technology" }),
  })
  .meta({
    id: "ConnectionMetadata",
    description: "What viewers are told of the stream. What is left out stays as it is.",
    examples: [{ title: "Friday show", category: "Science & Technology" }],
  });
export type ConnectionMetadata = z.infer<typeof ConnectionMetadata>;
