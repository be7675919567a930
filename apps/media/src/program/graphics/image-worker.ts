import { parentPort } from "node:worker_threads";
import { Image, createCanvas } from "@napi-rs/canvas";
import type { DecodedImage, ImageTask } from "./decode-images.ts";

/**
 * A thread that decodes images and makes them no larger than they can be
 * shown, which takes longer than a frame lasts. It decodes by drawing:
 * `Image.decode` would wait for libuv's threads, which sources and outputs
 * may hold. Null: there is nothing to see, as of a file that ends too early.
 */
function decode({ bytes, width, height }: ImageTask): DecodedImage | null {
  const image = new Image();
  image.src = bytes;
  const canvas = createCanvas(width, height);
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(image, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  const seen = data.some((value, index) => index % 4 === 3 && value > 0);
  return seen ? { width, height, data: new Uint8ClampedArray(data) } : null;
}

parentPort?.on("message", (task: ImageTask | null) => {
  if (task === null) {
    // The thread ends once Skia has let go of its images.
    parentPort?.close();
    return;
  }
  let image: DecodedImage | null = null;
  try {
    image = decode(task);
  } catch {
    // Said as null.
  }
  parentPort?.postMessage(image, image === null ? [] : [image.data.buffer]);
});
