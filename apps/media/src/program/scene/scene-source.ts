/** A source as far as a layout needs it. Width and height are 0 while unknown. */
export type SceneSource = {
  readonly sourceId: string;
  readonly width: number;
  readonly height: number;
  readonly online: boolean;
};

/** Pixels, even. */
export type CanvasSize = { readonly width: number; readonly height: number };
