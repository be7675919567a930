import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { Image, createCanvas } from "@napi-rs/canvas";
import type { Canvas } from "@napi-rs/canvas";
import { disableTypes, imageSize, types } from "image-size";
import { fitWithin, thumbnailBox } from "./fit-within.ts";
import type { LibraryResult } from "./protocol.ts";
import { Refused } from "./refused.ts";

/** What is decoded at all: 64 million pixels, 256 MB. */
const mostPixels = 64_000_000;
/** A program's picture is never larger. */
const renditionBox = { width: 3840, height: 2160 };
const kinds = new Set(["png", "jpg", "webp", "gif"]);
// No parser sees these bytes that is not needed.
disableTypes(types.filter((type) => !kinds.has(type)));

type Header = { readonly type: string; readonly isTurned: boolean };

/**
 * Looks at an image: what its header says is checked before anything is
 * decoded. PNG and JPEG that are upright and no larger than 4K stay as they
 * are; of others a PNG is made, upright, of the first picture where it is
 * animated. Throws Refused.
 */
export async function processImage(path: string, directory: string): Promise<Omit<LibraryResult, "sha256">> {
  const bytes = await readFile(path);
  const header = readHeader(bytes);
  const whole = await decode(bytes);
  const { width, height } = whole;
  const thumbnail = "thumbnail.jpg";
  await writeFile(join(directory, thumbnail), drawn(whole, thumbnailBox, "#808080").toBuffer("image/jpeg", 82));
  const size = fitWithin(whole, renditionBox);
  const isKept =
    size.width === width && !header.isTurned && (header.type === "png" || header.type === "jpg") && !isAnimated(bytes);
  const rendition = isKept ? null : "rendition.png";
  if (rendition !== null)
    await writeFile(join(directory, rendition), drawn(whole, renditionBox, null).toBuffer("image/png"));
  return { durationMs: null, width, height, rendition, thumbnail, waveform: null };
}

function readHeader(bytes: Buffer): Header {
  let header: ReturnType<typeof imageSize>;
  try {
    header = imageSize(bytes);
  } catch {
    throw new Refused("The image is damaged: its header cannot be read.");
  }
  const { width, height, type = "", orientation = 1 } = header;
  if (!kinds.has(type)) throw new Refused("Only PNG, JPEG, WebP and GIF images can be used.");
  if (width < 1 || height < 1) throw new Refused("The image is damaged: it has no size.");
  if (width * height > mostPixels)
    throw new Refused(`The image has ${width}x${height} pixels: at most 64 million can be used.`);
  // What is missing at the end would be transparent.
  if (type === "png" && !bytes.includes("IEND", 8, "latin1"))
    throw new Refused("The image is damaged: it ends too early.");
  return { type, isTurned: orientation !== 1 };
}

/** Upright. */
async function decode(bytes: Buffer): Promise<Image> {
  const image = new Image();
  try {
    image.src = bytes;
    await image.decode();
  } catch {
    throw new Refused("The image is damaged: it cannot be decoded.");
  }
  if (image.width < 1 || image.height < 1) throw new Refused("The image is damaged: it cannot be decoded.");
  return image;
}

function drawn(image: Image, box: { width: number; height: number }, background: string | null): Canvas {
  const { width, height } = fitWithin(image, box);
  const canvas = createCanvas(width, height);
  const context = canvas.getContext("2d");
  if (background !== null) {
    context.fillStyle = background;
    context.fillRect(0, 0, width, height);
  }
  context.imageSmoothingQuality = "high";
  context.drawImage(image, 0, 0, width, height);
  return canvas;
}

/** A PNG with a control chunk of animation before its picture (APNG 1.0). */
function isAnimated(bytes: Buffer): boolean {
  const pictureAt = bytes.indexOf("IDAT", 8, "latin1");
  const controlAt = bytes.indexOf("acTL", 8, "latin1");
  return controlAt !== -1 && controlAt < pictureAt;
}
