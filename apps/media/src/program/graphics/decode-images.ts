import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { disableTypes, imageSize, types } from "image-size";
import type { CanvasSize } from "../scene/scene-source.ts";

/** `width` and `height`: what to scale it to. */
export type ImageTask = { readonly bytes: Uint8Array<ArrayBuffer>; readonly width: number; readonly height: number };

/** RGBA, straight alpha. */
export type DecodedImage = {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8ClampedArray<ArrayBuffer>;
};

const mostPixels = 4096 * 4096;
const kinds = new Set(["png", "jpg", "webp", "gif"]);
// No parser sees these bytes that is not needed.
disableTypes(types.filter((type) => !kinds.has(type)));

/** A thread that takes longer for one image is ended. */
const deadlineMs = 10_000;
const endMs = 1_000;

/**
 * Reads `data:` URLs, and `file:` URLs of the media library, of PNG, JPEG, WebP or GIF images in a thread of its own,
 * which ends with the last. Animated ones give their first frame. Larger ones
 * than the canvas are scaled down to cover it. The answer for one that cannot
 * be read is the reason; never fails.
 */
export async function decodeImages(urls: readonly string[], canvas: CanvasSize): Promise<(DecodedImage | string)[]> {
  const tasks = await Promise.all(urls.map((url) => taskOf(url, canvas)));
  if (tasks.every((task) => typeof task === "string")) return tasks;
  const results: (DecodedImage | string)[] = [];
  let worker: Worker | null = null;
  try {
    for (const task of tasks) {
      if (typeof task === "string") {
        results.push(task);
        continue;
      }
      worker ??= new Worker(new URL("./image-worker.ts", import.meta.url));
      const answered = once(worker, "message", { signal: AbortSignal.timeout(deadlineMs) });
      worker.postMessage(task, [task.bytes.buffer]);
      try {
        const [image]: (DecodedImage | null)[] = await answered;
        results.push(image ?? "the image is corrupt, or empty");
      } catch {
        // The thread failed, out of memory say, or took too long; the next image gets a new one.
        results.push("the image cannot be read");
        await worker.terminate();
        worker = null;
      }
    }
  } finally {
    if (worker !== null) await end(worker);
  }
  return results;
}

async function end(worker: Worker): Promise<void> {
  const ended = once(worker, "exit", { signal: AbortSignal.timeout(endMs) });
  worker.postMessage(null, []);
  // Too late, or it failed on its way out.
  await ended.catch(() => worker.terminate());
}

async function taskOf(url: string, canvas: CanvasSize): Promise<ImageTask | string> {
  const bytes = await bytesOf(url);
  if (typeof bytes === "string") return bytes;
  try {
    // Of the header only: what it says is checked before anything is decoded.
    const { width, height, type } = imageSize(bytes);
    if (type === undefined || !kinds.has(type)) return "only PNG, JPEG, WebP and GIF images can be shown";
    if (width < 1 || height < 1) return "the image is corrupt";
    if (width * height > mostPixels) return `the image has ${width}x${height} pixels; at most 4096x4096 can be shown`;
    const scale = Math.min(1, Math.max(canvas.width / width, canvas.height / height));
    const scaled = (size: number): number => Math.max(1, Math.round(size * scale));
    return { bytes, width: scaled(width), height: scaled(height) };
  } catch {
    return "the image is corrupt";
  }
}

async function bytesOf(url: string): Promise<Uint8Array<ArrayBuffer> | string> {
  if (url.startsWith("file:"))
    return readFile(fileURLToPath(url)).then(
      (bytes) => new Uint8Array(bytes),
      () => "the image's file cannot be read",
    );
  const base64 = /^data:image\/[a-z+.-]{1,20};base64,([A-Za-z0-9+/]+={0,2})$/.exec(url)?.[1];
  return base64 === undefined ? "not an image in a data: URL" : new Uint8Array(Buffer.from(base64, "base64"));
}
