import type { SceneFit } from "@trax/media-protocol";

/**
 * What a frame is made of, in pixels of the canvas, back to front: said by the
 * scene's layout and the graphics, drawn by the compositor.
 */
export type PixelBox = { readonly x: number; readonly y: number; readonly width: number; readonly height: number };

/** RGBA, 8 bit, straight alpha, rows without padding. Never changed once made: a new picture is a new bitmap. */
export type Bitmap = { readonly width: number; readonly height: number; readonly data: Uint8Array };

export type DrawItem =
  | {
      readonly kind: "source";
      /** The same layer keeps its key from frame to frame. */
      readonly key: string;
      readonly sourceId: string;
      /** Where it goes; may reach over the canvas' edges. */
      readonly box: PixelBox;
      readonly fit: SceneFit;
      /** Fractions of the source cut off on each side. */
      readonly crop: { readonly left: number; readonly top: number; readonly right: number; readonly bottom: number };
      readonly opacity: number;
      /** Pixels; 0 is a plain box. What the picture leaves free of a box (`contain`) is `background`, or what is behind. */
      readonly radius: number;
      readonly background: string | null;
    }
  | {
      readonly kind: "bitmap";
      readonly key: string;
      readonly bitmap: Bitmap;
      readonly x: number;
      readonly y: number;
      /** 0 to 1, on top of the bitmap's own alpha. */
      readonly opacity: number;
    };
