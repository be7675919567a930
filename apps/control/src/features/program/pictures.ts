import { disableTypes, imageSize, types } from "image-size";
import { invalidRequest } from "../../kernel/errors.ts";
import { isAllThere } from "./picture-end.ts";

/** A picture that a body brings as a `data:` URL, and where. */
export type Picture = { readonly path: string; readonly url: string | null };

/** What the media side decodes at the most. */
const mostPixels = 4096 * 4096;
const kinds = new Set(["png", "jpg", "webp", "gif"]);
// No parser sees these bytes that is not needed.
disableTypes(types.filter((type) => !kinds.has(type)));

/** Refuses pictures that cannot be shown, by their header and their outer form; nothing is decoded here. */
export function requirePictures(pictures: readonly Picture[]): void {
  const details = pictures.flatMap(({ path, url }) => {
    const message = url === null ? null : problemOf(url);
    return message === null ? [] : [{ path: `body.${path}.url`, message }];
  });
  if (details.length > 0) throw invalidRequest("The body has a picture that cannot be shown.", details);
}

function problemOf(url: string): string | null {
  try {
    const bytes = Buffer.from(url.slice(url.indexOf(",") + 1), "base64");
    const { width, height, type } = imageSize(bytes);
    if (width < 1 || height < 1) return "is empty";
    if (width * height > mostPixels) return `has ${width}x${height} pixels; at most 4096x4096 can be shown`;
    return isAllThere(bytes, type) ? null : "is damaged, or not all there";
  } catch {
    return "is not a picture that can be read";
  }
}
