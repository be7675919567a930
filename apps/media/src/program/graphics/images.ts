import { ImageData, createCanvas, type Canvas } from "@napi-rs/canvas";
import type { CanvasSize } from "../scene/scene-source.ts";
import { decodeImages, type DecodedImage } from "./decode-images.ts";

/** Why something is not in the picture. `of`: the beginning of the image's address. */
export type GraphicsProblem = { readonly of: string; readonly reason: string };

/** Ready to be drawn. `id`: in keys, in place of a long address. */
export type Picture = { readonly id: number; readonly canvas: Canvas };

type Entry = { picture: Picture | null; reason: string | null; pending: Promise<void> | null };

const mostPictures = 64;

/** Images by their address, decoded once, the least used ones forgotten. */
export class Images {
  readonly #canvas: CanvasSize;
  readonly #entries = new Map<string, Entry>();
  #nextId = 1;
  #version = 0;

  constructor(canvas: CanvasSize) {
    this.#canvas = canvas;
  }

  /** Grows whenever an image has become ready. */
  get version(): number {
    return this.#version;
  }

  /** Resolves once each of them can be drawn or is known never to be; answers the latter. Never fails. */
  async prepare(urls: readonly string[]): Promise<readonly GraphicsProblem[]> {
    const wanted = [...new Set(urls)];
    const missing = wanted.filter((url) => !this.#entries.has(url));
    if (missing.length > 0) {
      const entries = missing.map((url): [string, Entry] => [url, { picture: null, reason: null, pending: null }]);
      const pending = this.#decode(entries);
      for (const [url, entry] of entries) {
        entry.pending = pending;
        this.#entries.set(url, entry);
      }
    }
    const waited = wanted.flatMap((url): [string, Entry][] => {
      const entry = this.#entries.get(url);
      return entry === undefined ? [] : [[url, entry]];
    });
    await Promise.all(waited.map(([, entry]) => entry.pending));
    this.#forgetOldest(new Set(wanted));
    return waited.flatMap(([url, entry]) =>
      entry.reason === null ? [] : [{ of: url.slice(0, 40), reason: entry.reason }],
    );
  }

  /** Null while it is not ready, and for good where it cannot be drawn. One never prepared is begun here. */
  get(url: string): Picture | null {
    const entry = this.#entries.get(url);
    if (entry === undefined) {
      void this.prepare([url]);
      return null;
    }
    this.#entries.delete(url);
    this.#entries.set(url, entry);
    return entry.picture;
  }

  /** Waits for what is being decoded. */
  async close(): Promise<void> {
    await Promise.all([...this.#entries.values()].map((entry) => entry.pending));
    this.#entries.clear();
  }

  async #decode(entries: readonly [string, Entry][]): Promise<void> {
    const urls = entries.map(([url]) => url);
    // No thread to be had: none of them can be read.
    const images = await decodeImages(urls, this.#canvas).catch(() => []);
    for (const [index, [, entry]] of entries.entries()) {
      const image = images[index];
      entry.pending = null;
      if (image === undefined || typeof image === "string") {
        entry.reason = image ?? "the image cannot be read";
        continue;
      }
      try {
        entry.picture = { id: this.#nextId++, canvas: drawn(image) };
      } catch {
        entry.reason = "there is no memory for the image";
      }
    }
    this.#version++;
  }

  #forgetOldest(kept: ReadonlySet<string>): void {
    for (const [url, entry] of this.#entries) {
      if (this.#entries.size <= mostPictures) return;
      if (!kept.has(url) && entry.pending === null) this.#entries.delete(url);
    }
  }
}

function drawn(image: DecodedImage): Canvas {
  const canvas = createCanvas(image.width, image.height);
  canvas.getContext("2d").putImageData(new ImageData(image.data, image.width, image.height), 0, 0);
  return canvas;
}
