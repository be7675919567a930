import { z } from "zod";
import { Time, id } from "./field.ts";
import type { Scope } from "./scope.ts";

/** Each event and the scope whose holders may see it. */
export const eventScopes = {
  "stream.live": "stream:read",
  "stream.offline": "stream:read",
  "source.status_changed": "sources:read",
  "destination.status_changed": "destinations:read",
  "program.changed": "stream:read",
  "program.slate": "stream:read",
  "recording.status_changed": "stream:read",
  "media.ready": "media:read",
  "media.failed": "media:read",
  "chat.message": "chat:read",
  "chat.message_updated": "chat:read",
  "chat.messages_deleted": "chat:read",
  "connection.changed": "connections:read",
} as const satisfies Record<string, Scope>;

export type EventType = keyof typeof eventScopes;

export const EventTypeSchema = z
  .enum([
    "stream.live",
    "stream.offline",
    "source.status_changed",
    "destination.status_changed",
    "program.changed",
    "program.slate",
    "recording.status_changed",
    "media.ready",
    "media.failed",
    "chat.message",
    "chat.message_updated",
    "chat.messages_deleted",
    "connection.changed",
  ])
  .meta({ id: "EventType", description: "New ones may be added." });

export const EventEnvelope = z
  .object({
    id: id("evt"),
    type: EventTypeSchema,
    createdAt: Time,
    accountId: id("acc"),
    studioId: z.string().nullable(),
    data: z.record(z.string(), z.unknown()),
  })
  .meta({ id: "Event", description: "Something that changed, the same shape everywhere." });
export type EventEnvelope = z.infer<typeof EventEnvelope>;
