import { z } from "zod";
import { MissingIds, Name, Time, id, page } from "./field.ts";
import { Layer, LayerInput } from "./layer.ts";
import { StudioId } from "./studio.ts";

export const SceneId = id("scn").meta({ example: "scn_01k9zv4q8fe6s9yq4n3g5t0w2x" });

export const ofScene = z.object({ id: StudioId, sceneId: SceneId });

export const ScenePreset = z
  .enum(["solo", "side-by-side", "picture-in-picture", "grid", "focus"])
  .meta({ id: "ScenePreset" });

export const SceneSlot = z.object({ sourceId: z.string().nullable() }).meta({ id: "SceneSlot" });
export const SceneSlotInput = z
  .strictObject({ sourceId: id("src").nullable().default(null).meta({ description: "Null: the slot is empty." }) })
  .meta({ id: "SceneSlotInput" });

export const SceneAudio = z
  .object({
    sourceId: z.string(),
    gain: z.number(),
    mute: z.boolean(),
    solo: z.boolean(),
    delayMs: z.number().int(),
  })
  .meta({ id: "SceneAudio" });

export const SceneAudioInput = z
  .strictObject({
    sourceId: id("src"),
    gain: z.number().min(-60).max(20).default(0).meta({ description: "dB" }),
    mute: z.boolean().default(false),
    solo: z.boolean().default(false).meta({ description: "Where one is, only those that are are heard." }),
    delayMs: z.number().int().min(0).max(2_000).default(0),
  })
  .meta({ id: "SceneAudioInput", description: "How one source sounds in the scene." });

export const Scene = z
  .object({
    id: SceneId,
    studioId: StudioId,
    name: z.string(),
    preset: ScenePreset.nullable(),
    slots: z.array(SceneSlot),
    layers: z.array(Layer),
    audio: z.array(SceneAudio),
    audioFollowsVideo: z.boolean(),
    missingIds: MissingIds,
    createdAt: Time,
    updatedAt: Time,
  })
  .meta({ id: "Scene", description: "Either a preset with its slots, or layers." });
export type Scene = z.infer<typeof Scene>;

export const SceneList = page("SceneList", Scene);

/** The path of each entry whose name was there before it. */
function repeated(names: readonly (string | undefined)[]): readonly number[] {
  return names.flatMap((name, index) => (name !== undefined && names.indexOf(name) < index ? [index] : []));
}

const slots = z
  .array(SceneSlotInput)
  .max(16)
  .meta({ description: "The sources of a preset, in its order; at most 16." });
const layers = z
  .array(LayerInput)
  .max(50, "a scene has at most 50 layers")
  .superRefine((given, context) => {
    for (const index of repeated(given.map((layer) => layer.id)))
      context.addIssue({ code: "custom", path: [index, "id"], message: "is another layer's id already" });
  })
  .meta({ description: "At most 50; none with a preset." });
const audio = z
  .array(SceneAudioInput)
  .max(64)
  .superRefine((given, context) => {
    for (const index of repeated(given.map((entry) => entry.sourceId)))
      context.addIssue({ code: "custom", path: [index, "sourceId"], message: "is in the list already" });
  })
  .meta({ description: "At most 64, one a source; a source that is not named is heard as it comes." });
const audioFollowsVideo = z
  .boolean()
  .meta({ description: "Only sources that the scene shows are heard; else every source of the studio is." });

const presetOrLayers = { message: "a scene has a preset or layers, not both", path: ["layers"] };

export const SceneCreate = z
  .strictObject({
    name: Name,
    preset: ScenePreset.nullable().default(null),
    slots: slots.default([]),
    layers: layers.default([]),
    audio: audio.default([]),
    audioFollowsVideo: audioFollowsVideo.default(true),
  })
  .refine((scene) => scene.preset === null || scene.layers.length === 0, presetOrLayers)
  .refine((scene) => scene.preset !== null || scene.slots.length === 0, {
    message: "slots go with a preset",
    path: ["slots"],
  })
  .meta({ id: "SceneCreate" });
export type SceneCreate = z.infer<typeof SceneCreate>;

export const SceneUpdate = z
  .strictObject({
    name: Name.optional(),
    preset: ScenePreset.nullable().optional(),
    slots: slots.optional(),
    layers: layers.optional(),
    audio: audio.optional(),
    audioFollowsVideo: audioFollowsVideo.optional(),
  })
  .refine((scene) => (scene.preset ?? null) === null || (scene.layers ?? []).length === 0, presetOrLayers)
  .meta({
    id: "SceneUpdate",
    description:
      "A merge of what is given; a list is replaced whole. Layers take a preset's place, and a preset takes theirs.",
  });
export type SceneUpdate = z.infer<typeof SceneUpdate>;
