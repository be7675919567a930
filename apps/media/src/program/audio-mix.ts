import type { SceneContent } from "@trax/media-protocol";
import type { SourceMix } from "./audio/program-audio.ts";
import { isLayerClip } from "./protocol.ts";

/**
 * How each source is heard: as its scene says, or plainly where it says nothing.
 * With audio that follows video only those that are shown are heard, and a layer's clip never otherwise.
 */
export function audioMix(
  content: SceneContent | null,
  sourceIds: readonly string[],
  shown: readonly string[],
): SourceMix[] {
  return sourceIds.map((sourceId) => {
    const said = content?.audio.find((each) => each.sourceId === sourceId);
    return {
      sourceId,
      gain: said?.gain ?? 0,
      mute: said?.mute ?? isMutedClip(content, sourceId),
      solo: said?.solo ?? false,
      delayMs: said?.delayMs ?? 0,
      audible: shown.includes(sourceId) || (content?.audioFollowsVideo !== true && !isLayerClip(sourceId)),
    };
  });
}

/** A layer's clip that no layer lets be heard. */
function isMutedClip(content: SceneContent | null, sourceId: string): boolean {
  const layers = content?.layers.filter((layer) => layer.visible && layer.sourceId === sourceId) ?? [];
  return isLayerClip(sourceId) && layers.length > 0 && layers.every((layer) => layer.muted === true);
}
