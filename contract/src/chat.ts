import { z } from "zod";
import { Color, Time, control, id, page, space, text } from "./field.ts";

export const MessageId = id("msg").meta({ example: "msg_01k9zv4q8fe6s9yq4n3g5t0w2x" });

/** A name rather than an enum: platforms are added without a new version of the contract. */
const PlatformName = z.string().regex(/^[a-z][a-z0-9-]{0,39}$/);

export const ChatAuthor = z
  .object({
    id: z.string(),
    name: z.string(),
    color: Color.nullable(),
    badges: z.array(z.string()),
    isModerator: z.boolean(),
    isOwner: z.boolean(),
  })
  .meta({ id: "ChatAuthor", description: "Who wrote it, as the platform tells; `id` is the platform's." });

export const ChatEmote = z
  .object({ start: z.number().int(), end: z.number().int(), name: z.string(), url: z.string().nullable() })
  .meta({
    id: "ChatEmote",
    description: "A picture that stands for a piece of the text: `start` to `end` (exclusive), in UTF-16 units.",
  });

export const ChatDirection = z.enum(["in", "out"]).meta({ id: "ChatDirection" });

export const ChatDeliveryStatus = z.enum(["pending", "sent", "failed", "refused"]).meta({
  id: "ChatDeliveryStatus",
  description:
    "`failed`: it was not sent, or nobody can tell. `refused`: the platform, or its limits, do not allow it. New ones may be added.",
});

export const ChatErrorCode = z
  .enum([
    "unauthorized",
    "rate_limited",
    "quota_exhausted",
    "refused",
    "unavailable",
    "too_long",
    "queue_full",
    "too_late",
    "timed_out",
    "interrupted",
    "removed",
    "unlinked",
  ])
  .meta({
    id: "ChatErrorCode",
    description:
      "After `timed_out`, `interrupted` and `unavailable` a message may have arrived nonetheless. `removed`: the platform took it back. New ones may be added.",
  });
export type ChatErrorCode = z.infer<typeof ChatErrorCode>;

export const ChatError = z
  .object({ code: ChatErrorCode, message: z.string(), at: Time })
  .meta({ id: "ChatError", description: "What went wrong, in words." });
export type ChatError = z.infer<typeof ChatError>;

export const ChatDelivery = z
  .object({
    connectionId: z.string(),
    platform: z.string(),
    status: ChatDeliveryStatus,
    error: ChatError.nullable(),
  })
  .meta({ id: "ChatDelivery", description: "What became of a message on one platform." });
export type ChatDelivery = z.infer<typeof ChatDelivery>;

export const ChatMessage = z
  .object({
    id: MessageId,
    studioId: id("std"),
    platform: z
      .string()
      .nullable()
      .meta({ description: "Null where it was sent from here: `deliveries` says where to." }),
    connectionId: z.string().nullable(),
    author: ChatAuthor,
    text: z.string().meta({ description: "Plain text, never markup, without control characters. Empty once deleted." }),
    emotes: z.array(ChatEmote),
    replyTo: z.string().nullable().meta({ description: "The message it answers, where that one is known here." }),
    sentAt: Time,
    receivedAt: Time.meta({ description: "When it came here: what `since` and the order go by." }),
    direction: ChatDirection,
    deleted: z.boolean(),
    deliveries: z.array(ChatDelivery),
  })
  .meta({ id: "ChatMessage", description: "A message of any platform, or one sent from here to several." });
export type ChatMessage = z.infer<typeof ChatMessage>;

export const ChatMessageList = page("ChatMessageList", ChatMessage);

/** A time as RFC 3339 has it, in any zone. */
const moment = z.iso.datetime({ offset: true });

export const ChatMessagesQuery = {
  platform: PlatformName.optional().meta({ description: "Only this platform's, and what was sent there from here." }),
  since: moment.optional().meta({ description: "Only what came here at or after this time." }),
};

// The document has no other way to say that something must be there to see.
const seen = String.raw`^[^\u0000]*[^${space}${control}][^\u0000]*$`;

export const ChatSend = z
  .strictObject({
    text: text(2_000)
      .refine((value) => new RegExp(seen, "u").test(value), "must not be blank")
      .meta({ minLength: 1, maxLength: 2_000, pattern: seen, example: "Hello everyone!" }),
    connectionIds: z
      .array(id("cnx"))
      .max(50)
      .optional()
      .meta({ description: "Enabled connections to send it to; all of them unless given." }),
    replyTo: MessageId.nullable().optional().meta({
      description: "A message of this studio; it is a reply where the platform has them and knows that message.",
    }),
  })
  .meta({ id: "ChatSend", examples: [{ text: "Hello everyone!" }] });
export type ChatSend = z.infer<typeof ChatSend>;

export const ChatReaderStatus = z.enum(["idle", "connecting", "reading", "waiting", "failed"]).meta({
  id: "ChatReaderStatus",
  description:
    "`idle`: nobody watches and the studio is not live, so nothing is read. `reading`: whatever is written arrives. `waiting`: it was lost and is tried again. `failed`: the platform refuses; tried again slowly. New ones may be added.",
});
export type ChatReaderStatus = z.infer<typeof ChatReaderStatus>;

export const ChatPlatform = z
  .object({
    connectionId: id("cnx"),
    platform: z.string(),
    accountName: z.string(),
    status: ChatReaderStatus,
    lastError: ChatError.nullable(),
  })
  .meta({ id: "ChatPlatform", description: "One connection of a studio's chat, and how reading it fares." });
export type ChatPlatform = z.infer<typeof ChatPlatform>;

export const ChatPlatforms = z
  .object({ connectionIds: z.array(id("cnx")), platforms: z.array(ChatPlatform) })
  .meta({ id: "ChatPlatforms", description: "Which connections a studio's chat is made of." });
export type ChatPlatforms = z.infer<typeof ChatPlatforms>;

export const ChatPlatformsUpdate = z
  .strictObject({ connectionIds: z.array(id("cnx")).max(50) })
  .meta({ id: "ChatPlatformsUpdate", examples: [{ connectionIds: [] }] });
