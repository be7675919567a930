import { randomUUID } from "node:crypto";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Database } from "@trax/foundation/database";
import type { Logger } from "@trax/foundation/log";
import type { ObjectStore } from "@trax/foundation/object-store";
import { StorageAway } from "@trax/foundation/object-store/storage-away";
import { StorageFull } from "@trax/foundation/object-store/storage-full";
import {
  adoptRecording,
  assetLeaseMs,
  claimAsset,
  failAbandonedAssets,
  failAsset,
  isAssetThere,
  mostAssetAttempts,
  progressAsset,
  readyAsset,
  releaseAsset,
  releaseAssetsOf,
} from "@trax/media-protocol";
import type { AssetKind, ClaimedAsset } from "@trax/media-protocol";
import type { OrphanList } from "../agent/orphans.ts";
import { Wakeup } from "../agent/wakeup.ts";
import { diskSpace } from "../recording/disk-space.ts";
import { watchDisk } from "./disk-watch.ts";
import { Elsewhere, fetchAsset, NoRoom } from "./fetch-asset.ts";
import { processFile, processingLimits } from "./processing.ts";
import type { Outcome, ProcessingLimits } from "./processing.ts";
import type { LibraryResult } from "./protocol.ts";
import { Refused } from "./refused.ts";

export type LibrarianOptions = {
  readonly db: Database;
  readonly store: ObjectStore;
  readonly log: Logger;
  readonly nodeId: string;
  readonly dataDir: string;
  readonly orphans: OrphanList;
  readonly limits?: ProcessingLimits;
  /** Of the disk that a directory is on. */
  readonly space?: typeof diskSpace;
};

type Lane = { readonly kinds: readonly AssetKind[]; readonly mostBytes: number | null };

/** Each waits for its own: neither a picture nor a short clip for a film of hours. */
const lanes: readonly Lane[] = [
  { kinds: ["video"], mostBytes: null },
  { kinds: ["video"], mostBytes: 64_000_000 },
  { kinds: ["audio", "image"], mostBytes: null },
];
/** Without being told. */
const lookMs = 10_000;
const renewMs = 5_000;
const afterFailureMs = 2_000;
/** Storage or the disk may be well again. */
const notOursMs = 15_000;
/** What filled the disk is not to be made again and again: the wait is no less than so many times what the work took. */
const fullMs = 120_000;
const fullTimes = 4;
/** The node that has a recording may come back; this one only looks. */
const elsewhereMs = 60_000;
const contentTypes: Readonly<Record<string, string>> = {
  mp4: "video/mp4",
  jpg: "image/jpeg",
  png: "image/png",
  json: "application/json",
};
const because = {
  hung: "looking at it came to a standstill",
  slow: "it took too long",
  aborted: "it was ended",
  ended: "what looks at it ended before it was done, out of memory for example",
} as const;

/**
 * Makes what was uploaded or recorded part of the media library: one clip, one
 * short one and one other asset at a time on this node, each claimed by a lease that others
 * take over when this node dies. Nothing of it is seen before all of it is there.
 */
export class Librarian {
  readonly #o: LibrarianOptions;
  readonly #wakeups = lanes.map(() => new Wakeup());
  readonly #ending = new AbortController();
  readonly #pids = new Set<number>();
  #loops: Promise<void>[] = [];

  constructor(options: LibrarianOptions) {
    this.#o = options;
  }

  /** Takes up what an agent of this node before this one left. */
  async start(): Promise<void> {
    await rm(this.#directory, { recursive: true, force: true });
    await releaseAssetsOf(this.#o.db, this.#o.nodeId);
    this.#loops = lanes.map((lane, index) => this.#run(lane, this.#wakeups[index] ?? new Wakeup()));
  }

  /** There may be something to do. */
  wake(): void {
    for (const wakeup of this.#wakeups) wakeup.now();
  }

  processes(): { readonly name: string; readonly pid: number }[] {
    return [...this.#pids].map((pid) => ({ name: "library", pid }));
  }

  /** What is being processed is given back, to be begun again. */
  async close(): Promise<void> {
    this.#ending.abort();
    for (const wakeup of this.#wakeups) wakeup.close();
    await Promise.all(this.#loops);
  }

  get #directory(): string {
    return join(this.#o.dataDir, "library", "work");
  }

  async #run(lane: Lane, wakeup: Wakeup): Promise<void> {
    const { signal } = this.#ending;
    while (!signal.aborted) {
      try {
        if (!(await this.#next(lane))) await wakeup.until(lookMs);
      } catch (error) {
        if (signal.aborted) return;
        this.#o.log.warn({ err: error }, "the media library could not be looked after; tried again soon");
        await wakeup.after(afterFailureMs);
      }
    }
  }

  /** Whether there was something to do. */
  async #next({ kinds, mostBytes }: Lane): Promise<boolean> {
    const { db, nodeId, log } = this.#o;
    if (kinds.includes("video")) while ((await adoptRecording(db, nodeId)) !== null);
    const abandoned = await failAbandonedAssets(db, given(because.ended));
    for (const assetId of abandoned) log.error({ assetId }, "an asset was begun too often and has failed");
    const asset = await claimAsset(db, nodeId, kinds, mostBytes);
    if (asset === null) return false;
    await this.#work(asset);
    return true;
  }

  async #work(asset: ClaimedAsset): Promise<void> {
    const { assetId } = asset;
    const { db, nodeId, log, space = diskSpace } = this.#o;
    // Another lane may begin it again before all of this try is cleared away.
    const directory = join(this.#directory, `${assetId}-${randomUUID()}`);
    const beganAt = performance.now();
    const lost = new AbortController();
    const signal = AbortSignal.any([lost.signal, this.#ending.signal]);
    const lease = this.#hold(assetId, () => lost.abort());
    const disk = watchDisk(
      () => space(this.#o.dataDir),
      () => lost.abort(new NoRoom("the disk has become nearly full")),
    );
    try {
      await mkdir(directory, { recursive: true, mode: 0o750 });
      const path = await fetchAsset(asset, directory, this.#o, signal);
      const outcome = await this.#process(asset, path, directory, lease.note, signal);
      await this.#conclude(asset, directory, outcome, signal);
    } catch (error) {
      if (error instanceof Refused) {
        await failAsset(db, { assetId, nodeId, sha256: null, reason: error.message });
        return;
      }
      const wait = waitAfter(signal.reason instanceof NoRoom ? signal.reason : error, performance.now() - beganAt);
      const isOver = signal.aborted && !(signal.reason instanceof NoRoom);
      if (!isOver)
        log.warn({ err: error, assetId, ...wait }, "an asset cannot be processed now; it is begun again later");
      await releaseAsset(db, { assetId, nodeId, counts: false, ...(isOver ? { afterMs: 0, reason: null } : wait) });
    } finally {
      disk.close();
      lease.close();
      await rm(directory, { recursive: true, force: true });
    }
  }

  async #process(
    asset: ClaimedAsset,
    path: string,
    directory: string,
    onProgress: (percent: number) => void,
    signal: AbortSignal,
  ): Promise<Outcome> {
    const { kind, contentType, sizeBytes, sha256, origin, durationMs } = asset;
    const recordedMs = origin === "recording" ? (durationMs ?? 0) : null;
    return processFile(
      { path, directory, kind, contentType, sizeBytes, sha256, recordedMs },
      {
        onStarted: (pid) => {
          this.#pids.add(pid);
          this.#o.orphans.add(pid);
        },
        onEnded: (pid) => {
          this.#pids.delete(pid);
          this.#o.orphans.remove(pid);
        },
        onProgress,
      },
      signal,
      this.#o.limits ?? processingLimits,
    );
  }

  async #conclude(asset: ClaimedAsset, directory: string, outcome: Outcome, signal: AbortSignal): Promise<void> {
    const { assetId, attempts } = asset;
    const { db, nodeId, log } = this.#o;
    switch (outcome.type) {
      case "done":
        await this.#store(asset, directory, outcome.result, signal);
        break;
      case "refused":
        log.info({ assetId, reason: outcome.reason }, "an asset cannot be used");
        await failAsset(db, { assetId, nodeId, sha256: outcome.sha256, reason: outcome.reason });
        break;
      case "lost":
        if (outcome.why === "aborted") throw new Error("it was ended");
        log.warn({ assetId, attempts, why: outcome.why, detail: outcome.detail }, "an asset could not be processed");
        if (attempts >= mostAssetAttempts)
          await failAsset(db, { assetId, nodeId, sha256: null, reason: given(because[outcome.why]) });
        else await releaseAsset(db, { assetId, nodeId, afterMs: 0, counts: true, reason: null });
    }
  }

  async #store(
    { assetId, kind }: ClaimedAsset,
    directory: string,
    result: LibraryResult,
    signal: AbortSignal,
  ): Promise<void> {
    const { db, store, nodeId, log } = this.#o;
    const place = `assets/${assetId}/`;
    const stored: string[] = [];
    const put = async (name: string | null): Promise<string | null> => {
      if (name === null) return null;
      const key = `${place}${name}`;
      const contentType = contentTypes[name.slice(name.lastIndexOf(".") + 1)] ?? "application/octet-stream";
      await store.putFile(key, join(directory, name), { contentType, signal });
      stored.push(key);
      return key;
    };
    const keys = async () => ({
      renditionKey: await put(result.rendition),
      thumbnailKey: await put(result.thumbnail),
      waveformKey: await put(result.waveform),
    });
    const made = await keys().catch(async (error: unknown) => {
      // It is all made again: what has found its place does not keep it from others until then.
      if (error instanceof StorageFull) await Promise.allSettled(stored.map((key) => store.remove(key)));
      throw error;
    });
    const { sha256, durationMs, width, height } = result;
    const isReady = await readyAsset(db, {
      assetId,
      nodeId,
      sha256,
      durationMs: durationMs === null ? null : Math.round(durationMs),
      width,
      height,
      ...made,
    });
    if (isReady) log.info({ assetId, kind }, "an asset is ready");
    // Deleted meanwhile: what was just stored was not there to be removed then.
    else if (!(await isAssetThere(db, assetId))) await store.remove(place);
  }

  /** Keeps the lease, and tells how far it is; `onLost` when the asset is this node's no longer. */
  #hold(assetId: string, onLost: () => void): { readonly note: (percent: number) => void; readonly close: () => void } {
    const { db, nodeId, log } = this.#o;
    let progress = 0;
    let renewedAt = performance.now();
    const renew = async (): Promise<void> => {
      try {
        if (await progressAsset(db, { assetId, nodeId, progress })) renewedAt = performance.now();
        else onLost();
      } catch (error) {
        log.warn({ err: error, assetId }, "the lease on an asset could not be renewed");
        if (performance.now() - renewedAt > assetLeaseMs - renewMs) onLost();
      }
    };
    const timer = setInterval(() => void renew(), renewMs);
    return {
      note: (percent) => {
        progress = Math.min(99, Math.round(percent));
      },
      close: () => clearInterval(timer),
    };
  }
}

/** When it is begun again, and what is told of that meanwhile. */
function waitAfter(error: unknown, workedMs: number): { readonly afterMs: number; readonly reason: string } {
  if (error instanceof Elsewhere)
    return { afterMs: elsewhereMs, reason: "It waits for the media server that recorded it, which does not answer." };
  if (error instanceof NoRoom || error instanceof StorageFull)
    return {
      afterMs: Math.max(fullMs, fullTimes * workedMs),
      reason: "There is no room left for it: it goes on when there is.",
    };
  const what =
    error instanceof StorageAway
      ? "What stores files cannot be reached now"
      : "Something went wrong that is not its fault";
  return { afterMs: notOursMs, reason: `${what}: it is begun again.` };
}

function given(why: string): string {
  return `It could not be processed: it was tried ${mostAssetAttempts} times, and ${why}.`;
}
