import type { Json } from "./json.ts";
import { at, studioId, sourceId, sceneId } from "./ids.ts";

export const scene = {
  id: sceneId,
  studioId,
  name: "Interview",
  preset: "picture-in-picture",
  slots: [{ sourceId }, { sourceId: null }],
  layers: [],
  audio: [{ sourceId, gain: -3.5, mute: false, solo: false, delayMs: 40 }],
  audioFollowsVideo: true,
  missingIds: [],
  createdAt: at,
  updatedAt: at,
};

const style = {
  font: "sans-serif",
  fontSize: 0.06,
  fontWeight: "bold",
  color: "#ffffff",
  background: "#1a1a2e",
  align: "left",
  verticalAlign: "middle",
  padding: 0.01,
  borderRadius: 0.02,
  borderWidth: 0.002,
  borderColor: "#ffffff",
};

const box = { x: 0.05, y: 0.05, width: 0.9, height: 0.8 };
const crop = { left: 0.05, top: 0.05, right: 0.05, bottom: 0.05 };
export const camera = {
  id: "camera",
  type: "source",
  sourceId,
  ...box,
  fit: "cover",
  crop,
  opacity: 0.95,
  visible: true,
};
export const caption = {
  id: "caption",
  type: "text",
  text: "Now with guests",
  x: 0.1,
  y: 0.85,
  width: 0.8,
  height: 0.1,
  style,
};

/** A layer as it is answered: with all that was left out. */
export const layer = (given: { readonly [key: string]: Json }): Json => ({
  sourceId: null,
  assetId: null,
  url: null,
  text: null,
  color: null,
  z: 0,
  fit: "contain",
  crop: { left: 0, top: 0, right: 0, bottom: 0 },
  opacity: 1,
  visible: true,
  muted: false,
  style,
  ...given,
});

export const lowerThird = {
  id: "ada",
  type: "lower-third",
  visible: true,
  title: "Ada Lovelace",
  subtitle: "Mathematician",
};

export const program = {
  mode: "composed",
  sceneId,
  previewSceneId: null,
  onSlate: false,
  overlays: [
    { ...lowerThird, text: null, assetId: null, url: null, until: null, timeZone: null, position: "bottom-left" },
  ],
  missingIds: [],
  transition: { type: "fade", durationMs: 500 },
};
