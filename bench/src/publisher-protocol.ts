/** What the publisher process is told. Keys travel here, and never in arguments. */
export type PublisherCommand =
  | { readonly type: "play"; readonly path: string }
  | {
      readonly type: "publish";
      readonly id: string;
      readonly host: string;
      readonly port: number;
      readonly app: string;
      readonly streamKey: string;
    }
  | { readonly type: "unpublish"; readonly id: string }
  | { readonly type: "keyframe" };

/** What it says. */
export type PublisherReport =
  | { readonly type: "publishing"; readonly id: string }
  | { readonly type: "closed"; readonly id: string; readonly reason: string | null }
  /** How long ago the last keyframe was sent. */
  | { readonly type: "keyframe"; readonly msAgo: number };
