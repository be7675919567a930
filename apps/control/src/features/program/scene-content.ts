import type { SceneCreate, SceneUpdate } from "@trax/contract";
import type { SceneContent } from "@trax/media-protocol";
import { invalidRequest } from "../../kernel/errors.ts";
import type { Named } from "./named-things.ts";
import type { Picture } from "./pictures.ts";
import { withIds } from "./part-ids.ts";

export function contentOf({ preset, slots, layers, audio, audioFollowsVideo }: SceneCreate): SceneContent {
  return { preset, slots, layers: withIds(layers), audio, audioFollowsVideo };
}

/** What a scene becomes: lists are replaced whole, layers take a preset's place and a preset theirs. */
export function mergedContent(before: SceneContent, patch: SceneUpdate): SceneContent {
  const brings = patch.layers !== undefined && patch.layers.length > 0;
  const preset = patch.preset === undefined ? (brings ? null : before.preset) : patch.preset;
  const slots = patch.slots ?? (preset === null ? [] : before.slots);
  if (preset === null && slots.length > 0)
    throw invalidRequest("The scene has no preset.", [{ path: "body.slots", message: "slots go with a preset" }]);
  const layers = patch.layers === undefined ? (preset === null ? before.layers : []) : withIds(patch.layers);
  return {
    preset,
    slots,
    layers,
    audio: patch.audio ?? before.audio,
    audioFollowsVideo: patch.audioFollowsVideo ?? before.audioFollowsVideo,
  };
}

type Naming = {
  readonly slots?: readonly Pick<SceneContent["slots"][number], "sourceId">[] | undefined;
  readonly layers?: readonly Pick<SceneContent["layers"][number], "type" | "sourceId" | "assetId">[] | undefined;
  readonly audio?: readonly Pick<SceneContent["audio"][number], "sourceId">[] | undefined;
};

/** The sources and assets that a body names, or a scene does. */
export function namedIn({ slots = [], layers = [], audio = [] }: Naming): readonly Named[] {
  return [
    ...slots.map(({ sourceId }, index) => ({ path: `slots.${index}`, sourceId })),
    ...layers.map(({ type, sourceId, assetId }, index) => ({
      path: `layers.${index}`,
      sourceId,
      assetId,
      ...(type === "image" ? { assetKinds: ["image"] as const } : {}),
    })),
    ...audio.map(({ sourceId }, index) => ({ path: `audio.${index}`, sourceId })),
  ];
}

export function picturesIn({ layers = [] }: SceneUpdate): readonly Picture[] {
  return layers.map(({ url }, index) => ({ path: `layers.${index}`, url }));
}
