import type { Database } from "@trax/foundation/database";
import { readSourcesOnline, recordSource } from "@trax/media-protocol";
import type { RouterConnection, RouterPath } from "../mediamtx/api.ts";
import type { Recorder } from "./recorder.ts";
import { sourceRow } from "./source-row.ts";
import { SourceWatch } from "./source-watch.ts";
import type { SourceView } from "./source-watch.ts";

export type SourceReporterOptions = {
  readonly db: Database;
  readonly nodeId: string;
  readonly recorder: Recorder;
  /** The router's list of paths; rejects while it does not answer. */
  readonly paths: () => Promise<readonly RouterPath[]>;
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
  /** As relays measured it: the router does not know. */
  readonly #frameRates = new Map<string, number>();

  constructor(options: SourceReporterOptions) {
    this.#o = options;
  }

  get online(): ReadonlyMap<string, SourceView> {
    return this.#watch.online;
  }

  publisherOf(sourceId: string): RouterConnection | null {
    return this.#watch.publisherOf(sourceId);
  }

  /** Takes over the rows of an agent before this one, and looks for the first time. */
  async start(): Promise<void> {
    for (const sourceId of await readSourcesOnline(this.#o.db, this.#o.nodeId))
      this.#written.set(sourceId, "as before");
    await this.look();
  }

  async look(): Promise<void> {
    this.#watch.update(await this.#o.paths(), performance.now());
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

  /** Writes each source whose row is not what is seen. */
  #write(): void {
    const { online } = this.#watch;
    for (const sourceId of new Set([...online.keys(), ...this.#written.keys()])) {
      const view = online.get(sourceId);
      if (view === undefined) this.#frameRates.delete(sourceId);
      const row = sourceRow(sourceId, view, this.#frameRates.get(sourceId) ?? null, this.#o.nodeId);
      const text = JSON.stringify(row);
      const known = this.#written.get(sourceId);
      if (known === text || (known === undefined && view === undefined)) continue;
      this.#written.set(sourceId, text);
      this.#o.recorder.record(sourceId, async () => {
        const studioId = await recordSource(this.#o.db, row);
        if (studioId !== null) this.#o.onWritten(studioId);
        // A source that is gone is not written about again.
        if (view === undefined && this.#written.get(sourceId) === text) this.#written.delete(sourceId);
      });
      this.#o.onSeen(sourceId);
    }
  }
}
