import { readdir, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Database } from "@trax/foundation/database";
import type { Logger } from "@trax/foundation/log";
import {
  isKnownNode,
  presentStudios,
  readUnfinishedRecordings,
  recordRecording,
  recordingsOf,
  startRecording,
  wantsRecording,
} from "@trax/media-protocol";
import type { RecordingFile } from "@trax/media-protocol";
import type { Recorder } from "../agent/recorder.ts";
import type { DestinationReport, RelayDestination } from "../relay/protocol.ts";
import { diskSpace, isNearlyFull } from "./disk-space.ts";
import { settleRecording } from "./recording-file.ts";

export type RecordingKeeperOptions = {
  readonly db: Database;
  readonly log: Logger;
  readonly nodeId: string;
  readonly dataDir: string;
  /** Writes what was seen, by the recording's id. */
  readonly recorder: Recorder;
  /** What is to be recorded to may have changed. */
  readonly wake: (studioId: string) => void;
};

/** A recording that some worker may write to, or whose end is not written to its row yet. */
type Open = RecordingFile & {
  /** Why it ended; null while it has not, or was ended by us. */
  reason: string | null;
  isReleased: boolean;
  sizeToldAt: number;
};

/** What a studio's broadcast is recorded to. */
type Show = { readonly broadcastId: string; current: Open | null; failures: number; notBefore: number };

const prefix = "rec_";
const studioDirectory = /^std_[0-9a-z]+$/u;
/** Time to notice that a database of before was put back. */
const sweepAfterMs = 24 * 60 * 60 * 1_000;
const firstRetryMs = 5_000;
const longestRetryMs = 300_000;
/** The size is written to its row this often while it grows. */
const tellSizeMs = 10_000;
/** A disk that was nearly full is written to again when this many times what is kept free is free. */
const roomAgain = 2;

/**
 * Which file each broadcast of this node is recorded to, and what became of
 * each file. A recording is a destination of the studio's relay; its worker
 * only writes. What ends before its broadcast does is followed by another file.
 * Trouble here is told in the rows, and is never the show's.
 */
export class RecordingKeeper {
  readonly #o: RecordingKeeperOptions;
  readonly #shows = new Map<string, Show>();
  /** By recording. */
  readonly #open = new Map<string, Open>();

  constructor(options: RecordingKeeperOptions) {
    this.#o = options;
  }

  /** Whether a destination's id is a recording's. */
  static isRecording(destinationId: string): boolean {
    return destinationId.startsWith(prefix);
  }

  /** Settles what an agent before this one had being written: its workers are gone with it. */
  async start(): Promise<void> {
    for (const file of await readUnfinishedRecordings(this.#o.db, this.#o.nodeId)) {
      const open = {
        ...file,
        reason: "It was interrupted by a restart of the server.",
        isReleased: true,
        sizeToldAt: 0,
      };
      this.#open.set(file.recordingId, open);
      this.#settle(open);
    }
    await this.#sweep().catch((error: unknown) =>
      this.#o.log.warn({ err: error }, "recordings of deleted studios could not be looked for"),
    );
  }

  /** What the studio's broadcast is to be recorded to now; null: nothing. `broadcastId`: what this node has on air. */
  async want(studioId: string, broadcastId: string | null): Promise<RelayDestination | null> {
    try {
      if (broadcastId === null || !(await wantsRecording(this.#o.db, studioId))) {
        this.#shows.delete(studioId);
        return null;
      }
      return await this.#wanted(studioId, broadcastId);
    } catch (error) {
      this.#o.log.warn({ err: error, studioId }, "it could not be found out what is to be recorded; what runs goes on");
      const current = this.#shows.get(studioId)?.current ?? null;
      return current === null ? null : this.#destination(current);
    }
  }

  /** What a worker reports of a recording. An error is its end: its file is not written to again. */
  report({ destinationId, lastError }: DestinationReport): void {
    const open = this.#open.get(destinationId);
    if (open === undefined || lastError === null || open.reason !== null) return;
    open.reason = lastError.message;
    const show = this.#shows.get(open.studioId);
    if (show?.current === open) this.#next(show);
    this.#o.log.warn(
      { studioId: open.studioId, recordingId: destinationId, code: lastError.code },
      "a recording ended",
    );
    this.#o.wake(open.studioId);
  }

  /** Counters of a worker: how much of the file is written. */
  gauge({ destinationId, sentBytes }: { readonly destinationId: string; readonly sentBytes: number }): void {
    const open = this.#open.get(destinationId);
    const now = performance.now();
    if (open === undefined || open.isReleased || sentBytes === 0 || now - open.sizeToldAt < tellSizeMs) return;
    open.sizeToldAt = now;
    const seen = { recordingId: destinationId, status: "recording", durationMs: null, failureReason: null } as const;
    this.#o.recorder.record(destinationId, async () => {
      await recordRecording(this.#o.db, { ...seen, sizeBytes: sentBytes });
    });
  }

  /** No worker writes to it any more. */
  released(recordingId: string): void {
    const open = this.#open.get(recordingId);
    if (open === undefined || open.isReleased) return;
    open.isReleased = true;
    const show = this.#shows.get(open.studioId);
    if (show?.current === open) this.#next(show);
    this.#settle(open);
  }

  /** No worker writes to anything of the studio: settles what none was ever told of, too. */
  releasedAll(studioId: string): void {
    for (const recordingId of this.#of(studioId)) this.released(recordingId);
  }

  /** Recordings of the studio whose end is not written yet: a broadcast is not over before. */
  unsettled(studioId: string): string[] {
    return this.#of(studioId);
  }

  /** The studio is gone from the rows, or may be: then its files go too. */
  async studioGone(studioId: string): Promise<void> {
    if (!studioDirectory.test(studioId) || (await presentStudios(this.#o.db, [studioId])).length > 0) return;
    this.#shows.delete(studioId);
    await rm(join(this.#o.dataDir, recordingsOf(studioId)), { recursive: true, force: true });
  }

  #of(studioId: string): string[] {
    return [...this.#open.values()].flatMap((open) => (open.studioId === studioId ? [open.recordingId] : []));
  }

  /** Studios that were deleted while no agent ran. Where the database may be another than before nothing is touched. */
  async #sweep(): Promise<void> {
    const { db, dataDir, nodeId, log } = this.#o;
    const root = dirname(join(dataDir, recordingsOf("any")));
    const directories = (await readdir(root).catch(() => [])).filter((name) => studioDirectory.test(name));
    if (directories.length === 0 || !(await isKnownNode(db, nodeId))) return;
    const present = new Set(await presentStudios(db, directories));
    for (const studioId of directories.filter((name) => !present.has(name))) {
      const { mtimeMs } = await stat(join(root, studioId));
      if (Date.now() - mtimeMs < sweepAfterMs) continue;
      log.info({ studioId }, "the recordings of a studio that was deleted are deleted");
      await rm(join(root, studioId), { recursive: true, force: true });
    }
  }

  async #wanted(studioId: string, broadcastId: string): Promise<RelayDestination | null> {
    let show = this.#shows.get(studioId);
    if (show?.broadcastId !== broadcastId) {
      show = { broadcastId, current: null, failures: 0, notBefore: 0 };
      this.#shows.set(studioId, show);
    }
    if (show.current !== null) return this.#destination(show.current);
    if (performance.now() < show.notBefore) return null;
    if (show.failures > 0 && isNearlyFull(await diskSpace(this.#o.dataDir), roomAgain)) return null;
    const file = await startRecording(this.#o.db, this.#o.nodeId, broadcastId);
    if (file === null) return null;
    const open: Open = { ...file, reason: null, isReleased: false, sizeToldAt: 0 };
    show.current = open;
    this.#open.set(file.recordingId, open);
    return this.#destination(open);
  }

  #destination({ recordingId, path }: Open): RelayDestination {
    const url = join(this.#o.dataDir, path);
    return { destinationId: recordingId, revision: 1, protocol: "file", url, streamKey: null };
  }

  /** Another file is to follow; at once after one that went well, later and later after those that did not. */
  #next(show: Show): void {
    show.current = null;
    show.notBefore =
      performance.now() + Math.min(longestRetryMs, firstRetryMs * 2 ** show.failures) * Math.sign(show.failures);
    show.failures += 1;
  }

  #settle(file: Open): void {
    const path = join(this.#o.dataDir, file.path);
    this.#o.recorder.record(file.recordingId, async () => {
      const settled = await settleRecording(path).catch((error: unknown) => {
        this.#o.log.error({ err: error, recordingId: file.recordingId }, "a recording cannot be read");
        return null;
      });
      const show = this.#shows.get(file.studioId);
      if (settled !== null && show !== undefined) show.failures = 0;
      const { reason } = file;
      const wasChange = await recordRecording(this.#o.db, {
        recordingId: file.recordingId,
        status: settled === null ? "failed" : "ready",
        durationMs: settled?.durationMs ?? null,
        sizeBytes: settled?.sizeBytes ?? null,
        failureReason: settled === null ? (reason ?? "Nothing came that could be recorded.") : reason,
      });
      // What nothing can be seen in is not kept.
      if (settled === null && (await isEmpty(path))) await rm(path, { force: true });
      // Written to while its studio was deleted.
      if (!wasChange) await this.studioGone(file.studioId);
    });
    // Also where it could not be written: nothing waits for ever.
    void this.#o.recorder.settled([file.recordingId]).then(() => {
      this.#open.delete(file.recordingId);
      this.#o.wake(file.studioId);
    });
  }
}

async function isEmpty(path: string): Promise<boolean> {
  return stat(path).then(
    ({ size }) => size === 0,
    () => false,
  );
}
