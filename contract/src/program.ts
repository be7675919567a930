import { z } from "zod";
import { MissingIds, Time, id, text } from "./field.ts";
import { ImageUrl } from "./image-url.ts";
import { PartId } from "./layer.ts";
import { SceneId } from "./scene.ts";
import { ProgramMode } from "./studio.ts";

export const OverlayType = z.enum(["lower-third", "logo", "ticker", "countdown", "clock"]).meta({ id: "OverlayType" });

export const OverlayPosition = z
  .enum(["top-left", "top-right", "bottom-left", "bottom-right", "top", "bottom", "center"])
  .meta({ id: "OverlayPosition" });

export const Overlay = z
  .object({
    id: z.string(),
    type: OverlayType,
    visible: z.boolean(),
    title: z.string().nullable(),
    subtitle: z.string().nullable(),
    text: z.string().nullable(),
    assetId: z.string().nullable(),
    url: z.string().nullable(),
    until: Time.nullable(),
    timeZone: z.string().nullable(),
    position: OverlayPosition.nullable(),
  })
  .meta({ id: "Overlay", description: "Above every scene, shown and hidden with a fade." });
export type Overlay = z.infer<typeof Overlay>;

/** RFC 3339 with any offset, in a year that people plan in; normalised to UTC and milliseconds. */
const moment = z.iso
  .datetime({ offset: true })
  .refine((value) => /^2\d{3}-/.test(value), "must be in the years 2000 to 2999")
  .transform((value) => new Date(value).toISOString())
  .meta({ description: "What a countdown counts to.", example: "2026-11-22T18:00:00.000Z" });

function isTimeZone(name: string): boolean {
  try {
    return Intl.DateTimeFormat("en", { timeZone: name }).resolvedOptions().timeZone !== "";
  } catch {
    return false;
  }
}

const timeZone = z
  .string()
  .max(64)
  .regex(/^[A-Za-z][A-Za-z0-9]*(?:[/_+-][A-Za-z0-9]+)*$/)
  .refine(isTimeZone, "must be a time zone of IANA's, such as Europe/Berlin")
  .meta({ description: "Of a clock: whose time it shows, by IANA's name. Null: UTC.", example: "Europe/Berlin" });

const words = (about: string) => text(2_000).nullable().default(null).meta({ description: about });

export const OverlayInput = z
  .strictObject({
    id: PartId.optional(),
    type: OverlayType,
    visible: z.boolean().default(true),
    title: words("Of a lower third, or above a countdown."),
    subtitle: words("Of a lower third."),
    text: words("Of a ticker."),
    assetId: id("ast").nullable().default(null).meta({ description: "Of a logo." }),
    url: ImageUrl.nullable().default(null),
    until: moment.nullable().default(null),
    timeZone: timeZone.nullable().default(null),
    position: OverlayPosition.nullable().default(null).meta({ description: "Null: where its kind belongs." }),
  })
  .superRefine((overlay, context) => {
    const refuse = (field: string, message: string) => context.addIssue({ code: "custom", path: [field], message });
    if (overlay.type === "lower-third" && overlay.title === null && overlay.subtitle === null)
      refuse("title", "a lower third needs a title or a subtitle");
    if (overlay.type === "logo" && overlay.url === null && overlay.assetId === null)
      refuse("url", "a logo needs a url or an assetId");
    if (overlay.type === "ticker" && overlay.text === null) refuse("text", "a ticker needs one");
    if (overlay.type === "countdown" && overlay.until === null) refuse("until", "a countdown needs one");
  })
  .meta({ id: "OverlayInput" });
export type OverlayInput = z.infer<typeof OverlayInput>;

export const Transition = z.enum(["cut", "fade"]).meta({ id: "Transition" });

export const Program = z
  .object({
    mode: ProgramMode,
    sceneId: z.string().nullable().meta({ description: "On air; null: the automatic scene." }),
    previewSceneId: z.string().nullable().meta({ description: "Null: none is previewed." }),
    onSlate: z.boolean().meta({ description: "What the scene shows is gone, and the slate is on." }),
    overlays: z.array(Overlay),
    missingIds: MissingIds,
    transition: z
      .object({ type: Transition, durationMs: z.number().int() })
      .meta({ id: "ProgramTransition", description: "How the last take looked." }),
  })
  .meta({ id: "Program", description: "What a studio shows." });
export type Program = z.infer<typeof Program>;

export const TakeProgram = z
  .strictObject({
    sceneId: SceneId.nullable()
      .optional()
      .meta({ description: "Left out: the previewed scene. Null: the automatic one." }),
    transition: Transition.default("cut"),
    durationMs: z
      .number()
      .int()
      .min(0)
      .max(5_000)
      .optional()
      .meta({ description: "Of a fade; 500 unless given. A cut takes no time.", example: 500 }),
  })
  .meta({ id: "TakeProgram" });
export type TakeProgram = z.infer<typeof TakeProgram>;

export const Taken = z
  .object({
    sceneId: z.string().nullable(),
    at: Time.nullable().meta({
      description:
        "The time of the first frame of it (of a fade: its first), by the program's frame clock; the answer comes once that frame has left the encoder. Null: no composed program runs now; it starts with this scene.",
    }),
  })
  .meta({ id: "Taken" });
export type Taken = z.infer<typeof Taken>;

export const PreviewProgram = z
  .strictObject({ sceneId: SceneId.nullable().meta({ description: "Null: none is previewed any more." }) })
  .meta({ id: "PreviewProgram" });

export const SetOverlays = z
  .strictObject({
    overlays: z
      .array(OverlayInput)
      .max(20)
      .superRefine((given, context) => {
        const ids = given.map((overlay) => overlay.id);
        for (const [index, one] of ids.entries())
          if (one !== undefined && ids.indexOf(one) < index)
            context.addIssue({ code: "custom", path: [index, "id"], message: "is another overlay's id already" });
      })
      .meta({ description: "All there are, at most 20; one that keeps its id is changed, not faded anew." }),
  })
  .meta({ id: "SetOverlays" });
export type SetOverlays = z.infer<typeof SetOverlays>;
