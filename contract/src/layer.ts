import { z } from "zod";
import { Color, id, text } from "./field.ts";
import { ImageUrl } from "./image-url.ts";

/** What scenes are made of. Boxes are fractions of the canvas, sizes in a style fractions of its height. */

export const LayerType = z.enum(["source", "image", "media", "text", "color"]).meta({ id: "LayerType" });
export const LayerFit = z.enum(["contain", "cover", "fill"]).meta({ id: "LayerFit" });
export const FontWeight = z.enum(["normal", "bold"]).meta({ id: "FontWeight" });
export const TextAlign = z.enum(["left", "center", "right"]).meta({ id: "TextAlign" });
export const VerticalAlign = z.enum(["top", "middle", "bottom"]).meta({ id: "VerticalAlign" });

/** The client's own name for a layer or an overlay, stable over edits. */
export const PartId = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/)
  .meta({ description: "Yours to choose; made where it is left out.", example: "logo-1" });

const style = {
  font: z.string(),
  fontSize: z.number(),
  fontWeight: FontWeight,
  color: z.string(),
  background: z.string().nullable(),
  align: TextAlign,
  verticalAlign: VerticalAlign,
  padding: z.number(),
  borderRadius: z.number(),
  borderWidth: z.number(),
  borderColor: z.string(),
};

export const LayerStyle = z.object(style).meta({ id: "LayerStyle" });

const fontAbout =
  "`sans-serif`, `serif` or `monospace`, as TRaX ships them; a name that it does not know is drawn as `sans-serif`.";

export const LayerStyleInput = z
  .strictObject({
    font: z
      .string()
      .regex(/^[A-Za-z0-9 _-]{1,100}$/)
      .default("sans-serif")
      .meta({ description: fontAbout }),
    fontSize: z.number().min(0.005).max(1).default(0.06).meta({ description: "A fraction of the canvas' height." }),
    fontWeight: FontWeight.default("normal"),
    color: Color.default("#ffffff").meta({ description: "Of the text." }),
    background: Color.nullable().default(null).meta({ description: "Behind the text or the picture." }),
    align: TextAlign.default("center"),
    verticalAlign: VerticalAlign.default("middle"),
    padding: z.number().min(0).max(0.5).default(0),
    borderRadius: z.number().min(0).max(1).default(0),
    borderWidth: z.number().min(0).max(0.5).default(0),
    borderColor: Color.default("#ffffff"),
  })
  .meta({ id: "LayerStyleInput", description: "Sizes are fractions of the canvas' height." });

const edge = z.number().min(0).max(0.99).default(0);

export const LayerCrop = z
  .object({ left: z.number(), top: z.number(), right: z.number(), bottom: z.number() })
  .meta({ id: "LayerCrop" });

export const LayerCropInput = z
  .strictObject({ left: edge, top: edge, right: edge, bottom: edge })
  .refine(({ left, right }) => left + right < 1, { message: "left and right leave nothing", path: ["right"] })
  .refine(({ top, bottom }) => top + bottom < 1, { message: "top and bottom leave nothing", path: ["bottom"] })
  .meta({ id: "LayerCropInput", description: "Fractions of the source cut off on each side." });

export const Layer = z
  .object({
    id: z.string(),
    type: LayerType,
    sourceId: z.string().nullable(),
    assetId: z.string().nullable(),
    url: z.string().nullable(),
    text: z.string().nullable(),
    color: z.string().nullable(),
    x: z.number(),
    y: z.number(),
    width: z.number(),
    height: z.number(),
    z: z.number().int(),
    fit: LayerFit,
    crop: LayerCrop,
    opacity: z.number(),
    visible: z.boolean(),
    muted: z.boolean(),
    style: LayerStyle,
  })
  .meta({ id: "Layer", description: "One thing in a scene; which fields matter, its type says." });

const position = z.number().min(-2).max(2).default(0);
const size = z.number().gt(0).max(4).default(1);

export const LayerInput = z
  .strictObject({
    id: PartId.optional(),
    type: LayerType,
    sourceId: id("src").nullable().default(null).meta({ description: "Of a `source`, or of a `media` layer." }),
    assetId: id("ast").nullable().default(null).meta({ description: "Of an `image` or a `media` layer." }),
    url: ImageUrl.nullable().default(null),
    text: text(2_000).nullable().default(null).meta({ description: "Of a `text` layer: any script, any characters." }),
    color: Color.nullable().default(null).meta({ description: "Of a `color` layer." }),
    x: position,
    y: position,
    width: size,
    height: size,
    z: z.number().int().min(-1_000).max(1_000).default(0).meta({
      description: "Higher is in front; equal ones in the order of the list.",
    }),
    fit: LayerFit.default("contain"),
    crop: LayerCropInput.prefault({}),
    opacity: z.number().min(0).max(1).default(1),
    visible: z.boolean().default(true),
    muted: z.boolean().default(false).meta({
      description:
        "Of a `media` layer's clip (`assetId`): it is seen, not heard. Sources are muted in the scene's `audio`.",
    }),
    style: LayerStyleInput.prefault({}),
  })
  .superRefine((layer, context) => {
    const refuse = (field: string, message: string) => context.addIssue({ code: "custom", path: [field], message });
    if (layer.x >= 1 || layer.x + layer.width <= 0) refuse("x", "the box is wholly off the canvas");
    if (layer.y >= 1 || layer.y + layer.height <= 0) refuse("y", "the box is wholly off the canvas");
    if (layer.type === "source" && layer.sourceId === null) refuse("sourceId", "a source layer needs one");
    if (layer.type === "image" && layer.url === null && layer.assetId === null)
      refuse("url", "an image layer needs a url or an assetId");
    if (layer.type === "media" && layer.sourceId === null && layer.assetId === null)
      refuse("sourceId", "a media layer needs a sourceId or an assetId");
    if (layer.type === "text" && layer.text === null) refuse("text", "a text layer needs one");
    if (layer.type === "color" && layer.color === null) refuse("color", "a color layer needs one");
  })
  .meta({
    id: "LayerInput",
    description: "The box is in fractions of the canvas and may reach over its edges, not lie wholly off it.",
  });
export type LayerInput = z.infer<typeof LayerInput>;
