import type { SceneContent, SceneFit, SceneLayer, ScenePreset, SceneStyle } from "@trax/media-protocol";
import type { DrawItem, PixelBox } from "../draw.ts";
import { isLayerClip } from "../protocol.ts";
import { automaticSlots, presetSlots, type Slot } from "./presets.ts";
import type { CanvasSize, SceneSource } from "./scene-source.ts";
import { insetBox, pixelBox, wholeBox } from "./boxes.ts";

export type { CanvasSize, SceneSource };

/** Pixels of the canvas. */
export type TextStyle = Pick<SceneStyle, "font" | "fontWeight" | "color" | "align" | "verticalAlign"> & {
  readonly fontSize: number;
};

/** One thing to draw: a source as the compositor takes it, or what the graphics make a bitmap of. */
export type ScenePart =
  | Extract<DrawItem, { kind: "source" }>
  | {
      readonly kind: "text";
      readonly key: string;
      readonly box: PixelBox;
      readonly text: string;
      readonly style: TextStyle;
      readonly opacity: number;
    }
  | {
      readonly kind: "image";
      readonly key: string;
      readonly box: PixelBox;
      /** `data:image/…;base64,…` */
      readonly url: string;
      readonly fit: SceneFit;
      readonly crop: SceneLayer["crop"];
      readonly opacity: number;
      readonly radius: number;
    }
  | {
      readonly kind: "color";
      readonly key: string;
      readonly box: PixelBox;
      readonly color: string;
      readonly opacity: number;
      readonly radius: number;
    }
  | {
      readonly kind: "border";
      readonly key: string;
      /** The outer edge; the border lies within. */
      readonly box: PixelBox;
      readonly color: string;
      readonly width: number;
      readonly opacity: number;
      readonly radius: number;
    };

/** Back to front. */
export type SceneLayout = { readonly parts: readonly ScenePart[] };

const noCrop = { left: 0, top: 0, right: 0, bottom: 0 };

/**
 * What a scene draws, in pixels of the canvas, back to front. Null is the
 * automatic scene: what is online, solo, side by side, or in a grid. Sources
 * that the studio does not have are left out; ones that are not online keep
 * their place, to be drawn as soon as they have a picture.
 */
export function layoutScene(
  content: SceneContent | null,
  canvas: CanvasSize,
  sources: readonly SceneSource[],
): SceneLayout {
  if (content === null) {
    const online = sources.filter(isAutomatic);
    return { parts: slotParts(automaticSlots(online, canvas), "auto", sources, canvas) };
  }
  if (content.preset !== null) {
    return { parts: slotParts(filledSlots(content.preset, content, canvas), "slot", sources, canvas) };
  }
  return { parts: inOrder(content.layers).flatMap((layer) => layerParts(layer, canvas, sources)) };
}

/**
 * The sources that a scene means to show, online or not (the automatic scene:
 * those that are online), each once, back to front.
 */
export function shownSources(
  content: SceneContent | null,
  sources: readonly Pick<SceneSource, "sourceId" | "online">[],
): string[] {
  if (content === null) return sources.filter(isAutomatic).map((source) => source.sourceId);
  const shown =
    content.preset === null
      ? inOrder(content.layers).map((layer) => (showsSource(layer) ? layer.sourceId : null))
      : filledSlots(content.preset, content, { width: 16, height: 9 }).map((slot) => slot.sourceId);
  return [...new Set(shown.filter((sourceId) => sourceId !== null))];
}

/** The automatic scene shows all of the studio's sources that are online. */
function isAutomatic({ online, sourceId }: Pick<SceneSource, "sourceId" | "online">): boolean {
  return online && !isLayerClip(sourceId);
}

type FilledSlot = Slot & { readonly sourceId: string };

function filledSlots(preset: ScenePreset, content: SceneContent, canvas: CanvasSize): FilledSlot[] {
  return presetSlots(preset, content.slots.length, canvas).flatMap((slot, index) => {
    const sourceId = content.slots[index]?.sourceId ?? null;
    return sourceId === null ? [] : [{ ...slot, sourceId }];
  });
}

function slotParts(
  slots: readonly FilledSlot[],
  prefix: string,
  sources: readonly SceneSource[],
  canvas: CanvasSize,
): ScenePart[] {
  return slots.flatMap((slot, index): ScenePart[] => {
    const source = sources.find((candidate) => candidate.sourceId === slot.sourceId);
    if (source === undefined) return [];
    const whole = pixelBox(slot, canvas);
    return [
      {
        kind: "source",
        key: `${prefix}:${prefix === "auto" ? slot.sourceId : String(index)}`,
        sourceId: slot.sourceId,
        // An inset hugs its picture, so that its rounded corners are the picture's.
        box: slot.inset ? hugging(whole, source) : whole,
        fit: slot.inset ? "cover" : "contain",
        crop: noCrop,
        opacity: 1,
        radius: slot.inset ? Math.round(Math.min(canvas.width, canvas.height) / 60) : 0,
        background: null,
      },
    ];
  });
}

/** The box of a picture's own shape in the bottom right corner of `box`. */
function hugging(box: PixelBox, source: SceneSource): PixelBox {
  if (source.width <= 0 || source.height <= 0) return box;
  const scale = Math.min(box.width / source.width, box.height / source.height);
  const width = Math.min(box.width, Math.max(2, Math.round((source.width * scale) / 2) * 2));
  const height = Math.min(box.height, Math.max(2, Math.round((source.height * scale) / 2) * 2));
  return { x: box.x + box.width - width, y: box.y + box.height - height, width, height };
}

function inOrder(layers: readonly SceneLayer[]): SceneLayer[] {
  return layers
    .filter((layer) => layer.visible && layer.opacity > 0 && layer.width > 0 && layer.height > 0)
    .sort((a, b) => a.z - b.z);
}

function showsSource(layer: SceneLayer): boolean {
  return (layer.type === "source" || layer.type === "media") && layer.sourceId !== null;
}

/** The layer's parts: what is behind its content, the content, and its border. */
function layerParts(layer: SceneLayer, canvas: CanvasSize, sources: readonly SceneSource[]): ScenePart[] {
  const box = pixelBox(layer, canvas);
  if (!overlaps(box, canvas)) return [];
  const { style, opacity } = layer;
  const key = `layer:${layer.id}`;
  const scaled = (fraction: number): number => (fraction <= 0 ? 0 : Math.max(1, Math.round(fraction * canvas.height)));
  const radius = Math.min(scaled(style.borderRadius), Math.floor(Math.min(box.width, box.height) / 2));
  const border = scaled(style.borderWidth);
  const padding = scaled(style.padding);
  // Without padding a picture reaches under its border, so that no gap can show between the two.
  const inset = padding === 0 ? 0 : padding + border;
  const inner = insetBox(box, inset);
  const content = contentPart(layer, key, sources, inner, insetBox(box, padding + border), {
    radius: Math.max(0, radius - inset),
    // With padding the background is a part of its own, behind.
    background: inset === 0 ? style.background : null,
    text: {
      font: style.font,
      fontSize: Math.max(1, style.fontSize * canvas.height),
      fontWeight: style.fontWeight,
      color: style.color,
      align: style.align,
      verticalAlign: style.verticalAlign,
    },
  });
  const parts: ScenePart[] = [];
  if (style.background !== null && !(content?.kind === "source" && inset === 0)) {
    parts.push({ kind: "color", key: `${key}:background`, box, color: style.background, opacity, radius });
  }
  if (content !== null) parts.push(content);
  if (border > 0) {
    parts.push({ kind: "border", key: `${key}:border`, box, color: style.borderColor, width: border, opacity, radius });
  }
  return parts;
}

function contentPart(
  layer: SceneLayer,
  key: string,
  sources: readonly SceneSource[],
  box: PixelBox,
  textBox: PixelBox,
  style: { readonly radius: number; readonly background: string | null; readonly text: TextStyle },
): ScenePart | null {
  const { opacity, fit, crop } = layer;
  const { radius, background } = style;
  switch (layer.type) {
    case "source":
    case "media": {
      const { sourceId } = layer;
      if (sourceId !== null) {
        if (!sources.some((source) => source.sourceId === sourceId)) return null;
        return { kind: "source", key, sourceId, box, fit, crop, opacity, radius, background };
      }
      return layer.url === null ? null : { kind: "image", key, box, url: layer.url, fit, crop, opacity, radius };
    }
    case "image":
      return layer.url === null ? null : { kind: "image", key, box, url: layer.url, fit, crop, opacity, radius };
    case "text":
      return layer.text === null || layer.text.trim() === ""
        ? null
        : { kind: "text", key, box: textBox, text: layer.text, style: style.text, opacity };
    case "color":
      return layer.color === null ? null : { kind: "color", key, box, color: layer.color, opacity, radius };
  }
}

function overlaps(box: PixelBox, canvas: CanvasSize): boolean {
  const whole = wholeBox(canvas);
  return box.x < whole.width && box.y < whole.height && box.x + box.width > 0 && box.y + box.height > 0;
}
