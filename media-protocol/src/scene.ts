/**
 * Scenes as rows hold them and program workers show them. Boxes are fractions of
 * the canvas (0 to 1, from the left and the top); sizes in a style are fractions
 * of the canvas' height. Written by control from what the contract let in, so
 * everything here is within its limits.
 */
export type SceneFit = "contain" | "cover" | "fill";

export type SceneBox = { readonly x: number; readonly y: number; readonly width: number; readonly height: number };

export type SceneStyle = {
  readonly font: string;
  readonly fontSize: number;
  readonly fontWeight: "normal" | "bold";
  readonly color: string;
  /** Behind the text or the picture: `#rrggbb`, or null for none. */
  readonly background: string | null;
  readonly align: "left" | "center" | "right";
  readonly verticalAlign: "top" | "middle" | "bottom";
  readonly padding: number;
  readonly borderRadius: number;
  readonly borderWidth: number;
  readonly borderColor: string;
};

export type SceneLayer = SceneBox & {
  readonly id: string;
  readonly type: "source" | "image" | "media" | "text" | "color";
  readonly sourceId: string | null;
  readonly assetId: string | null;
  /** `data:image/…;base64,…` of an image layer. */
  readonly url: string | null;
  readonly text: string | null;
  readonly color: string | null;
  /** Higher is in front; equal ones in the order of the list. */
  readonly z: number;
  readonly fit: SceneFit;
  /** Fractions of the source cut off on each side. */
  readonly crop: { readonly left: number; readonly top: number; readonly right: number; readonly bottom: number };
  readonly opacity: number;
  readonly visible: boolean;
  /** Of a clip of the media library. None, as in rows from before there was such: it is heard. */
  readonly muted?: boolean;
  readonly style: SceneStyle;
};

export type ScenePreset = "solo" | "side-by-side" | "picture-in-picture" | "grid" | "focus";

export type SceneAudio = {
  readonly sourceId: string;
  /** dB, -60 to 20. */
  readonly gain: number;
  readonly mute: boolean;
  readonly solo: boolean;
  readonly delayMs: number;
};

/** Either a preset with its slots, or layers. */
export type SceneContent = {
  readonly preset: ScenePreset | null;
  readonly slots: readonly { readonly sourceId: string | null }[];
  readonly layers: readonly SceneLayer[];
  readonly audio: readonly SceneAudio[];
  /** Only sources that the scene shows are heard; else every source of the studio is. */
  readonly audioFollowsVideo: boolean;
};

export type ProgramOverlay = {
  readonly id: string;
  readonly type: "lower-third" | "logo" | "ticker" | "countdown" | "clock";
  readonly visible: boolean;
  readonly title: string | null;
  readonly subtitle: string | null;
  readonly text: string | null;
  readonly assetId: string | null;
  /** `data:image/…;base64,…` of a logo. */
  readonly url: string | null;
  /** Of a countdown: RFC 3339. */
  readonly until: string | null;
  /** Of a clock: IANA's name. Null, or none, as in rows from before there were such: UTC. */
  readonly timeZone?: string | null;
  readonly position: "top-left" | "top-right" | "bottom-left" | "bottom-right" | "top" | "bottom" | "center" | null;
};

export type Slate = { readonly assetId: string | null; readonly text: string | null; readonly color: string | null };
