import type { ProgramOverlay, SceneContent } from "@trax/media-protocol";
import type { ProgramSlate } from "../protocol.ts";

/** The addresses of the images that a scene, overlays and the slate show, each once. */
export function imageUrls(
  content: SceneContent | null,
  overlays: readonly ProgramOverlay[],
  slate: ProgramSlate,
): string[] {
  const layers = content?.preset === null ? content.layers : [];
  const urls = [
    ...layers.map((layer) => (layer.visible ? layer.url : null)),
    ...overlays.map((overlay) => overlay.url),
    slate.url ?? null,
  ];
  return [...new Set(urls.filter((url) => url !== null))];
}
