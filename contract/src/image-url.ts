import { z } from "zod";

const mostBytes = 500_000;
const longest = "data:image/jpeg;base64,".length + Math.ceil(mostBytes / 3) * 4;

// Each kind with the first bytes that its files have, in base64: what is named PNG and is none is told at once.
const dataUrl =
  /^data:image\/(png;base64,iVBORw0KGgo|jpeg;base64,\/9j\/|gif;base64,R0lGOD|webp;base64,UklGR)[A-Za-z0-9+/]*={0,2}$/;

/** A picture within the request: a `data:` URL (RFC 2397) of at most 500,000 bytes once decoded. */
export const ImageUrl = z
  .string()
  .max(longest, "an image may have at most 500 kB")
  .regex(dataUrl, "must be data:image/png, jpeg, webp or gif;base64, with an image of that kind")
  .meta({
    description: "`data:image/png;base64,…` (or `jpeg`, `webp`, `gif`): a picture of at most 500 kB.",
    example:
      "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==",
  });
