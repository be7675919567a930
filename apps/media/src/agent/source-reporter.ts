import type { Database } from "@trax/foundation/database";
import { readSourcesOnline, recordSource } from "@trax/media-protocol";
import type { RouterConnection, RouterPath } from "../mediamtx/api.ts";
import type { Recorder } from "./recorder.ts";
import { openedSourceRow, sourceRow } from "./source-row.ts";
import type { OpenedSource, SourceRefusal } from "./source-row.ts";
import { SourceWatch } from "./source-watch.ts";
import type { SourceView } from "./source-watch.ts";

export type SourceReporterOptions = {
  readonly db: Database;
  readonly nodeId: string;
  readonly recorder: Recorder;
  /** What is seen of a source has changed; its row follows. */
  readonly onSeen: (sourceId: string) => void;
  /** A row of this studio has changed. */
  readonly onWritten: (studioId: string) => void;
};

/** Looks at what arrives, and keeps the rows of this node's sources to it. */
export class SourceReporter {
  readonly #o: SourceReporterOptions;
  readonly #watch = new SourceWatch();
  /** What was last written of each source. */
  readonly #written = new Map<string, string>();
  /** As workers measured it: the router does not know. */
  readonly #frameRates = new Map<string, number>();
  /** What arrives of them cannot be shown, says a program's worker. */
  readonly #refused = new Map<string, SourceRefusal>();
  readonly #opened = new Map<string, OpenedSource>();

  constructor(options: SourceReporterOptions) {
    this.#o = options;
  }

  get online(): ReadonlyMap<string, SourceView> {
    return this.#watch.online;
  }

  publisherOf(sourceId: string): RouterConnection | null {
    return this.#watch.publisherOf(sourceId);
  }

  /** Takes over the rows of an agent before this one. */
  async start(): Promise<void> {
    for (const sourceId of await readSourcesOnline(this.#o.db, this.#o.nodeId))
      this.#written.set(sourceId, "as before");
  }

  /** Takes in the router's list of paths. */
  look(paths: readonly RouterPath[]): void {
    this.#watch.update(paths, performance.now());
    this.#write();
  }

  /** The router is gone, and every publisher with it. */
  routerLost(): void {
    this.#watch.update([], performance.now());
    this.#write();
  }

  measured(sourceId: string, frameRate: number): void {
    this.#frameRates.set(sourceId, frameRate);
    this.#write();
  }

  /** Why what arrives of a source cannot be shown; null: it can. The same again is no news. */
  refused(sourceId: string, why: Omit<SourceRefusal, "at"> | null): void {
    const known = this.#refused.get(sourceId);
    if (why === null ? known === undefined : known?.code === why.code && known.message === why.message) return;
    if (why === null) this.#refused.delete(sourceId);
    else this.#refused.set(sourceId, { ...why, at: new Date().toISOString() });
    this.#write();
  }

  /** What is seen of a source that a program's worker opens; null: nothing. */
  opened(sourceId: string, seen: OpenedSource | null): void {
    if (seen === null) this.#opened.delete(sourceId);
    else this.#opened.set(sourceId, seen);
    this.#write();
  }

  /** Writes each source whose row is not what is seen. */
  #write(): void {
    const { online } = this.#watch;
    for (const sourceId of new Set([...online.keys(), ...this.#opened.keys(), ...this.#written.keys()])) {
      const view = online.get(sourceId);
      if (view === undefined) this.#frameRates.delete(sourceId);
      const measured = {
        frameRate: this.#frameRates.get(sourceId) ?? null,
        refusal: this.#refused.get(sourceId) ?? null,
      };
      const opened = this.#opened.get(sourceId);
      const row =
        opened === undefined
          ? sourceRow(sourceId, view, measured, this.#o.nodeId)
          : openedSourceRow(sourceId, opened, this.#o.nodeId);
      const text = JSON.stringify(row);
      const known = this.#written.get(sourceId);
      const isOffline = row.status === "offline";
      if (known === text || (known === undefined && isOffline)) continue;
      this.#written.set(sourceId, text);
      this.#o.recorder.record(sourceId, async () => {
        const studioId = await recordSource(this.#o.db, row);
        if (studioId !== null) this.#o.onWritten(studioId);
        // A source that is gone is not written about again.
        if (isOffline && this.#written.get(sourceId) === text) this.#written.delete(sourceId);
      });
      this.#o.onSeen(sourceId);
    }
  }
}
