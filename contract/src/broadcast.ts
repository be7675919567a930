import { z } from "zod";
import { Time, id, page } from "./field.ts";
import { DestinationError, DestinationStatus } from "./destination.ts";
import { SourceStatus } from "./source.ts";
import { StudioState } from "./studio.ts";

export const BroadcastId = id("brd").meta({ example: "brd_01k9zv4q8fe6s9yq4n3g5t0w2x" });

export const RecordingId = id("rec").meta({ example: "rec_01k9zv4q8fe6s9yq4n3g5t0w2x" });

export const HealthLevel = z.enum(["good", "degraded", "bad", "offline"]).meta({ id: "HealthLevel" });

export const Health = z
  .object({
    level: HealthLevel,
    reasons: z.array(z.object({ code: z.string(), message: z.string() }).meta({ id: "HealthReason" })),
  })
  .meta({ id: "Health" });
export type Health = z.infer<typeof Health>;

export const DestinationStreamStatus = z
  .object({
    destinationId: id("dst"),
    status: DestinationStatus,
    connectedAt: Time.nullable(),
    bitrate: z.number().int().meta({ description: "bit/s the peer takes" }),
    sentBytes: z.number().int().meta({ description: "What the peer took in this broadcast." }),
    droppedFrames: z.number().int(),
    reconnects: z.number().int(),
    roundTripMs: z
      .number()
      .int()
      .nullable()
      .meta({ description: "To the peer and back; null where the protocol does not tell." }),
    lastTakenAt: Time.nullable().meta({ description: "When the peer last took anything in this broadcast." }),
    lastError: DestinationError.nullable(),
  })
  .meta({ id: "DestinationStreamStatus" });
export type DestinationStreamStatus = z.infer<typeof DestinationStreamStatus>;

export const SourceStreamStatus = z
  .object({
    sourceId: id("src"),
    status: SourceStatus,
    bitrate: z.number().int(),
    lastFrameAt: Time.nullable(),
  })
  .meta({ id: "SourceStreamStatus" });

export const StreamStatus = z
  .object({
    studioId: id("std"),
    state: StudioState,
    broadcastId: z.string().nullable(),
    startedAt: Time.nullable(),
    program: z
      .object({
        width: z.number().int().nullable(),
        height: z.number().int().nullable(),
        frameRate: z.number().nullable(),
        videoBitrate: z.number().int().nullable(),
        audioBitrate: z.number().int().nullable(),
        onSlate: z.boolean(),
      })
      .meta({ id: "StreamProgram", description: "The program as it is; null what is not known while nothing runs." }),
    sources: z.array(SourceStreamStatus),
    destinations: z.array(DestinationStreamStatus),
    health: Health,
  })
  .meta({ id: "StreamStatus" });
export type StreamStatus = z.infer<typeof StreamStatus>;

export const GoLive = z
  .strictObject({
    allowNoDestinations: z
      .boolean()
      .default(false)
      .meta({ description: "Run the program although nothing is enabled to send it to." }),
  })
  .meta({ id: "GoLive", examples: [{ allowNoDestinations: false }] });

export const GoOffline = z.strictObject({}).meta({ id: "GoOffline", examples: [{}] });

export const RecordingStatus = z.enum(["recording", "ready", "failed", "deleted"]).meta({
  id: "RecordingStatus",
  description: "`deleted`: with its asset of the media library. Its file is gone, or goes once its media node is back.",
});
export type RecordingStatus = z.infer<typeof RecordingStatus>;

export const Recording = z
  .object({
    id: RecordingId,
    status: RecordingStatus,
    failureReason: z.string().nullable().meta({
      description:
        "Why it ended before its broadcast did, in words. What was recorded until then is `ready`. While it is `recording`: that its media node is away, and it is finished once that is back.",
    }),
    assetId: z.string().nullable().meta({
      description:
        "In the media library: null until it is there, and where it was deleted. Deleting that asset deletes the recording.",
    }),
    durationMs: z.number().int().nullable().meta({ description: "Null while it is being written." }),
    sizeBytes: z.number().int().nullable(),
    downloadUrl: z.string().nullable().meta({
      description:
        "Where the file is, for whoever has `stream:read`, also while it is being written; null where it failed or was deleted.",
    }),
    createdAt: Time,
  })
  .meta({
    id: "Recording",
    description:
      "A file of a broadcast: H.264 and AAC in fragmented MP4. Where recording was interrupted there are several.",
  });
export type Recording = z.infer<typeof Recording>;

export const Broadcast = z
  .object({
    id: BroadcastId,
    studioId: id("std"),
    startedAt: Time.nullable().meta({ description: "When the program was first taken; null while it has not been." }),
    endedAt: Time.nullable(),
    endReason: z.string().nullable().meta({ description: "`requested`, `source_gone` or `studio_deleted`." }),
    destinations: z.array(DestinationStreamStatus),
    recordings: z.array(Recording),
  })
  .meta({ id: "Broadcast", description: "One time on air." });
export type Broadcast = z.infer<typeof Broadcast>;

export const BroadcastList = page("BroadcastList", Broadcast);
