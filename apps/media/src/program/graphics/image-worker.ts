import { parentPort } from "node:worker_threads";
import { Image, createCanvas } from "@napi-rs/canvas";
import type { DecodedImage, ImageTask } from "./decode-images.ts";

/**
 * A thread that decodes images and makes them no larger than they can be
 * shown. Skia decodes on libuv's threads anyway, but scaling a large picture
 * takes longer than a frame lasts.
 */
async function decode({ bytes, width, height }: ImageTask): Promise<DecodedImage> {
  const image = new Image();
  image.src = bytes;
  await image.decode();
  const canvas = createCanvas(width, height);
  const context = canvas.getContext("2d");
  context.imageSmoothingQuality = "high";
  context.drawImage(image, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  return { width, height, data: new Uint8ClampedArray(data) };
}

parentPort?.on("message", (task: ImageTask) => {
  decode(task).then(
    (image) => parentPort?.postMessage(image, [image.data.buffer]),
    () => parentPort?.postMessage(null, []),
  );
});
