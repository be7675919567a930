import { z } from "zod";
import { MissingIds, Color, Name, Time, id, page, text } from "./field.ts";

export const StudioId = id("std").meta({ example: "std_01k9zv4q8fe6s9yq4n3g5t0w2x" });

/** The path of what belongs to a studio. */
export const ofStudio = z.object({ id: StudioId });

export const StudioState = z.enum(["offline", "starting", "live", "stopping"]).meta({ id: "StudioState" });
export type StudioState = z.infer<typeof StudioState>;

export const ProgramMode = z.enum(["composed", "passthrough"]).meta({ id: "ProgramMode" });
export const ProgramModeInput = z.enum(["composed", "passthrough"]).meta({
  id: "ProgramModeInput",
  description: "`composed`: scenes, mixed and encoded once. `passthrough`: one source, copied.",
});

const side = z.number().int().multipleOf(2).min(16).max(1920);
const canvas = "Even; at most 1920x1080, or 1080x1920.";
const width = side.meta({ description: canvas, example: 1280 });
const height = side.meta({ description: canvas, example: 720 });
const frameRate = z.number().int().min(1).max(60).meta({ example: 30 });
const videoBitrate = z.number().int().min(100_000).max(20_000_000).meta({ description: "bit/s", example: 4_500_000 });
const audioBitrate = z.number().int().min(32_000).max(512_000).meta({ description: "bit/s", example: 160_000 });
const sourceId = id("src");
const graceMs = z
  .number()
  .int()
  .min(0)
  .max(600_000)
  .meta({ description: "How long destinations are held open without a source, ms.", example: 30_000 });

export const Studio = z
  .object({
    id: StudioId,
    name: z.string(),
    autoGoLive: z.boolean(),
    graceMs: z.number().int(),
    state: StudioState,
    program: z
      .object({
        mode: ProgramMode,
        sourceId: sourceId
          .nullable()
          .meta({ description: "The source of a passthrough program; null: the first online." }),
        width: z.number().int(),
        height: z.number().int(),
        frameRate: z.number().int(),
        videoBitrate: z.number().int(),
        audioBitrate: z.number().int(),
        fallbackSourceIds: z
          .array(z.string())
          .meta({ description: "Shown in this order when what a scene shows is gone, before the slate is." }),
      })
      .meta({ id: "StudioProgram" }),
    slate: z
      .object({
        assetId: z.string().nullable(),
        text: z.string().nullable(),
        color: z.string().nullable(),
      })
      .meta({ id: "StudioSlate" }),
    recording: z.object({ enabled: z.boolean() }).meta({ id: "StudioRecording" }),
    missingIds: MissingIds,
    createdAt: Time,
    updatedAt: Time,
  })
  .meta({
    id: "Studio",
    description:
      "A place where one show is made. `state` is observed: `live` once the program runs and a destination takes it.",
  });
export type Studio = z.infer<typeof Studio>;

export const StudioList = page("StudioList", Studio);

const settings = {
  autoGoLive: z.boolean().optional().meta({
    description:
      "Go live with the first source, offline `graceMs` after the last. Where the media nodes cannot carry the program it waits, and `health.reasons` has `no_capacity`.",
  }),
  graceMs: graceMs.optional(),
  program: z
    .strictObject({
      mode: ProgramModeInput.optional(),
      sourceId: sourceId.nullable().optional(),
      width: width.optional(),
      height: height.optional(),
      frameRate: frameRate.optional(),
      videoBitrate: videoBitrate.optional(),
      audioBitrate: audioBitrate.optional(),
      fallbackSourceIds: z
        .array(sourceId)
        .max(8)
        .refine((ids) => new Set(ids).size === ids.length, "names a source twice")
        .optional()
        .meta({ description: "At most 8, of this studio." }),
    })
    .meta({ id: "StudioProgramInput" })
    .optional(),
  slate: z
    .strictObject({
      assetId: id("ast").nullable().optional().meta({ description: "An image or a clip of the media library." }),
      text: text(200).nullable().optional(),
      color: Color.nullable().optional(),
    })
    .meta({ id: "StudioSlateInput" })
    .optional(),
  recording: z.strictObject({ enabled: z.boolean() }).meta({ id: "StudioRecordingInput" }).optional(),
};

export const StudioCreate = z
  .strictObject({ name: Name, ...settings })
  .meta({ id: "StudioCreate", examples: [{ name: "Friday show", autoGoLive: false }] });
export type StudioCreate = z.infer<typeof StudioCreate>;

export const StudioUpdate = z
  .strictObject({ name: Name.optional(), ...settings })
  .meta({ id: "StudioUpdate", description: "A merge of what is given.", examples: [{ name: "Saturday show" }] });
export type StudioUpdate = z.infer<typeof StudioUpdate>;
