import { sourcePath, webrtcPath } from "@trax/media-protocol";
import type { SessionView } from "@trax/media-protocol";
import { notFound } from "../../kernel/errors.ts";

/**
 * `/whip/{sourceId}` publishes a source; `/whep/{sourceId}`, `/whep/{studioId}`
 * and `/whep/{studioId}/preview` play a source, a program, a preview. Sessions
 * are below them, at `…/session/{secret}`: who has that URL has the session.
 */
export type Endpoint = {
  /** What is asked for, as clients know it. */
  readonly url: string;
  /** The same at the router. */
  readonly routerUrl: string;
  /** The router's path, as sessions allow it. */
  readonly path: string;
  /** Null: something is published. */
  readonly view: SessionView | null;
  readonly id: string;
};

const idOf = /^(src|std)_[0-7][0-9a-hjkmnp-tv-z]{25}$/;

/** Refuses as not found what can be no endpoint. */
export function endpointOf(protocol: "whip" | "whep", id: string, preview: boolean): Endpoint {
  const kind = idOf.exec(id)?.[1];
  const url = `/${protocol}/${id}${preview ? "/preview" : ""}`;
  if (kind === "src" && !preview) {
    const path = sourcePath(id);
    return { url, routerUrl: `${path}/${protocol}`, path, view: protocol === "whip" ? null : "source", id };
  }
  if (kind !== "std" || protocol === "whip") throw notFound();
  const view = preview ? "preview" : "program";
  const path = webrtcPath(view, id);
  return { url, routerUrl: `${path}/whep`, path, view, id };
}
