import type { SceneContent, SceneLayer } from "@trax/media-protocol";

/** Scenes and layers as control writes them, with its defaults. */
export function scene(given: Partial<SceneContent>): SceneContent {
  return { preset: null, slots: [], layers: [], audio: [], audioFollowsVideo: true, ...given };
}

export function layer(given: Partial<SceneLayer>): SceneLayer {
  return {
    id: "layer",
    type: "color",
    sourceId: null,
    assetId: null,
    url: null,
    text: null,
    color: null,
    x: 0,
    y: 0,
    width: 1,
    height: 1,
    z: 0,
    fit: "contain",
    crop: { left: 0, top: 0, right: 0, bottom: 0 },
    opacity: 1,
    visible: true,
    style: {
      font: "sans-serif",
      fontSize: 0.06,
      fontWeight: "normal",
      color: "#ffffff",
      background: null,
      align: "center",
      verticalAlign: "middle",
      padding: 0,
      borderRadius: 0,
      borderWidth: 0,
      borderColor: "#ffffff",
    },
    ...given,
  };
}
