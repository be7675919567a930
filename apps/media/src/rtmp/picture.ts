/** What a codec's own headers say of its pictures. */
export type Picture = {
  readonly width: number;
  readonly height: number;
  /** Pictures a second, where the headers promise it. */
  readonly frameRate: number | null;
};
