import type { ProgramOverlay, SceneContent } from "@trax/media-protocol";

/** The addresses of the images that a scene and overlays show, each once. */
export function imageUrls(content: SceneContent | null, overlays: readonly ProgramOverlay[]): string[] {
  const layers = content?.preset === null ? content.layers : [];
  const urls = [
    ...layers.map((layer) => (layer.visible ? layer.url : null)),
    ...overlays.map((overlay) => overlay.url),
  ];
  return [...new Set(urls.filter((url) => url !== null))];
}
