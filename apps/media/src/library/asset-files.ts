import { createHash } from "node:crypto";
import { createWriteStream } from "node:fs";
import { mkdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import type { Logger } from "@trax/foundation/log";
import type { ObjectStore } from "@trax/foundation/object-store";
import { diskSpace, isNearlyFull } from "../recording/disk-space.ts";
import type { DiskSpace } from "../recording/disk-space.ts";

export type AssetFilesOptions = {
  readonly store: ObjectStore;
  readonly dataDir: string;
  readonly log: Logger;
  /** One that was asked for is there now. */
  readonly onThere: () => void;
  /** What copies of another machine's objects may take of this disk. */
  readonly mostBytes?: number;
};

type Entry = {
  path: string | null;
  /** Of a copy of ours, from when it is begun; 0 where the store has it on this disk itself. */
  bytes: number;
  usedAt: number;
  /** Being fetched, or not tried again before then. */
  pending: Promise<void> | null;
  notBefore: number;
};

/** Asked for within this time, it is in use, ms: studios are planned every 2 s. */
const usedMs = 60_000;
const retryMs = 5_000;
const defaultMostBytes = 20_000_000_000;

/**
 * Files of the media library that programs of this node play. Where storage is
 * a disk of this machine they are where they are; else copies below the data
 * directory, whole and checked before anybody sees them, the least used of them
 * removed when they take too much.
 */
export class AssetFiles {
  readonly #o: AssetFilesOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #ending = new AbortController();

  constructor(options: AssetFilesOptions) {
    this.#o = options;
  }

  /** Forgets copies of an agent before this one. */
  async start(): Promise<void> {
    await rm(this.#directory, { recursive: true, force: true });
  }

  /** The object's file; null while it is not there, and then it is fetched. */
  pathOf(key: string): string | null {
    const now = performance.now();
    let entry = this.#entries.get(key);
    if (entry === undefined) {
      entry = { path: null, bytes: 0, usedAt: now, pending: null, notBefore: 0 };
      this.#entries.set(key, entry);
    }
    entry.usedAt = now;
    if (entry.path === null && entry.pending === null && now >= entry.notBefore) entry.pending = this.#find(key, entry);
    return entry.path;
  }

  async close(): Promise<void> {
    this.#ending.abort();
    await Promise.all([...this.#entries.values()].map((entry) => entry.pending));
  }

  get #directory(): string {
    return join(this.#o.dataDir, "library", "copies");
  }

  async #find(key: string, entry: Entry): Promise<void> {
    try {
      entry.path = (await this.#o.store.localPath(key)) ?? (await this.#copy(key, entry));
      this.#o.onThere();
    } catch (error) {
      if (!this.#ending.signal.aborted)
        this.#o.log.warn({ err: error, key }, "a file of the media library cannot be fetched; tried again soon");
      entry.bytes = 0;
      entry.notBefore = performance.now() + retryMs;
    } finally {
      entry.pending = null;
    }
  }

  async #copy(key: string, entry: Entry): Promise<string> {
    const found = await this.#o.store.read(key);
    if (found === null) throw new Error("it is not in storage");
    const { body, stored } = found;
    const path = join(this.#directory, key.replaceAll("/", "-"));
    const partial = `${path}.partial`;
    try {
      await mkdir(this.#directory, { recursive: true, mode: 0o750 });
      await this.#makeRoom(entry, stored.sizeBytes);
      const hash = createHash("sha256");
      await pipeline(
        body,
        async function* hashed(chunks: AsyncIterable<Buffer>) {
          for await (const chunk of chunks) {
            hash.update(chunk);
            yield chunk;
          }
        },
        createWriteStream(partial, { mode: 0o640 }),
        { signal: this.#ending.signal },
      );
      const { size } = await stat(partial);
      if (size !== stored.sizeBytes) throw new Error(`${size} of its ${stored.sizeBytes} bytes came`);
      if (stored.sha256 !== null && stored.sha256 !== hash.digest("hex")) throw new Error("its bytes are damaged");
      await rename(partial, path);
      return path;
    } finally {
      body.destroy();
      await rm(partial, { force: true });
    }
  }

  /** Removes what is used least, and takes the room; throws where there is none. */
  async #makeRoom(entry: Entry, bytes: number): Promise<void> {
    const copies = [...this.#entries]
      .filter(([, { bytes: size, path }]) => size > 0 && path !== null)
      .sort(([, a], [, b]) => a.usedAt - b.usedAt);
    for (const [key, { path, usedAt }] of copies) {
      if (this.#fits(bytes, await diskSpace(this.#directory)) || performance.now() - usedAt < usedMs) break;
      this.#entries.delete(key);
      if (path !== null) await rm(path, { force: true });
    }
    // Nothing is waited for between this look and the taking: several are copied at once.
    if (!this.#fits(bytes, await diskSpace(this.#directory))) throw new Error("there is no room for it on this disk");
    entry.bytes = bytes;
  }

  /** Beside what is there, and what is still to come of other copies. */
  #fits(bytes: number, { freeBytes, totalBytes }: DiskSpace): boolean {
    let [taken, coming] = [0, 0];
    for (const entry of this.#entries.values()) {
      taken += entry.bytes;
      coming += entry.path === null ? entry.bytes : 0;
    }
    const { mostBytes = defaultMostBytes } = this.#o;
    return taken + bytes <= mostBytes && !isNearlyFull({ freeBytes: freeBytes - coming - bytes, totalBytes });
  }
}
