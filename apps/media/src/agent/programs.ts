import type { ChildProcess } from "node:child_process";
import type { Database } from "@trax/foundation/database";
import type { Logger } from "@trax/foundation/log";
import {
  programPath,
  readSnapshotRequest,
  recordProgramStopped,
  recordShown,
  recordSlate,
  tellMeters,
  webrtcPath,
  writeSnapshot,
} from "@trax/media-protocol";
import type { ProgramGauge, ProgramWork, SnapshotOf, SourceGauge } from "@trax/media-protocol";
import type { RouterPath } from "../mediamtx/api.ts";
import { isLayerClip } from "../program/protocol.ts";
import type {
  ProgramGauges,
  ProgramReport,
  ProgramSource,
  ProgramSpec,
  SourceVideoFormat,
} from "../program/protocol.ts";
import type { NodeMeter } from "./node-meter.ts";
import type { OrphanList } from "./orphans.ts";
import type { ProgramNeeds } from "./program-plan.ts";
import { ProgramPool } from "./program-pool.ts";
import type { Recorder } from "./recorder.ts";
import type { SourceReporter } from "./source-reporter.ts";
import { openedProtocol } from "./source-row.ts";

export type ProgramsOptions = {
  readonly db: Database;
  readonly log: Logger;
  readonly fork: () => ChildProcess;
  readonly orphans: OrphanList;
  readonly recorder: Recorder;
  readonly sources: SourceReporter;
  readonly meter: NodeMeter;
};

/** How long a program goes on when nobody needs it any more, ms. */
const lingerMs = 10_000;
/** A program that was asked to start for the sake of a picture takes a moment. */
const snapshotPatienceMs = 5_000;

type Running = {
  spec: ProgramSpec;
  /** As the worker was told. */
  told: string;
  /** Null: its worker has not said yet. */
  onSlate: boolean | null;
  gauges: ProgramGauges | null;
  /** Of its sources, as its worker sees them. */
  readonly pictures: Map<string, SourceVideoFormat>;
  /** bit/s, as its relay measures. */
  bitrate: number;
};

type Needed = Record<keyof ProgramNeeds, number>;

/** The programs of this node: tells their workers, writes what these see, and knows who still watches. */
export class Programs {
  readonly #o: ProgramsOptions;
  readonly #pool: ProgramPool;
  readonly #running = new Map<string, Running>();
  /** When each was last needed, monotonic ms. */
  readonly #needed = new Map<string, Needed>();
  #watchedPaths: ReadonlySet<string> = new Set();
  /** Pictures that could not be taken yet, by what was asked, and until when they are wanted. */
  readonly #wanted = new Map<string, number>();

  constructor(options: ProgramsOptions) {
    this.#o = options;
    this.#pool = new ProgramPool({
      fork: options.fork,
      orphans: options.orphans,
      log: options.log,
      onReport: (studioId, report) => this.#hear(studioId, report),
      onLost: (studioId) => this.#lost(studioId),
    });
  }

  /** Makes the studio's program what the spec says; null: none is to run. */
  tell(studioId: string, spec: ProgramSpec | null): void {
    const running = this.#running.get(studioId);
    if (spec === null) {
      if (running !== undefined) this.#stop(studioId, running);
      return;
    }
    const told = JSON.stringify(spec);
    if (told === running?.told) return;
    if (running === undefined)
      this.#running.set(studioId, { spec, told, onSlate: null, gauges: null, pictures: new Map(), bitrate: 0 });
    else {
      this.#forgetSources(running.spec, spec);
      Object.assign(running, { spec, told });
    }
    this.#pool.assign(spec);
  }

  /** What the studio's program is needed for now. */
  note(studioId: string, needs: ProgramNeeds): void {
    const known = this.#needed.get(studioId);
    if (!needs.program && known === undefined) return;
    const now = performance.now();
    const at = (need: keyof ProgramNeeds) => (needs[need] ? now : (known?.[need] ?? -lingerMs));
    const needed = { program: at("program"), rtc: at("rtc"), preview: at("preview") };
    // The program is needed for whatever else is.
    if (now - needed.program > lingerMs) this.#needed.delete(studioId);
    else this.#needed.set(studioId, needed);
  }

  /** Needed until a moment ago. */
  lingering(studioId: string): ProgramNeeds {
    const needed = this.#needed.get(studioId);
    const lingers = (at: number | undefined) => at !== undefined && performance.now() - at <= lingerMs;
    return { program: lingers(needed?.program), rtc: lingers(needed?.rtc), preview: lingers(needed?.preview) };
  }

  /** Who reads at the router watches, also when nobody says so. */
  look(paths: readonly RouterPath[]): void {
    this.#watchedPaths = new Set(paths.filter((path) => path.readers > 0).map((path) => path.name));
  }

  watched(studioId: string): ProgramNeeds {
    return {
      program: this.#watchedPaths.has(programPath(studioId)),
      rtc: this.#watchedPaths.has(webrtcPath("program", studioId)),
      preview: this.#watchedPaths.has(webrtcPath("preview", studioId)),
    };
  }

  /** What its relay measures of it, bit/s. */
  measured(studioId: string, bitrate: number): void {
    const running = this.#running.get(studioId);
    if (running !== undefined) running.bitrate = bitrate;
  }

  gauges(): { readonly programs: ProgramGauge[]; readonly sources: SourceGauge[] } {
    const programs: ProgramGauge[] = [];
    const sources: SourceGauge[] = [];
    for (const [studioId, { gauges, bitrate, spec }] of this.#running) {
      if (gauges === null) continue;
      const { frameRate, behindMs, skippedFrames, preset, cores, driftMs } = gauges;
      programs.push({
        studioId,
        bitrate,
        frameRate,
        behindMs: Math.round(behindMs),
        skippedFrames,
        preset,
        cores,
        driftMs: Math.round(driftMs),
      });
      // What comes in is measured at the router, whether a program runs or not.
      const opened = new Set(spec.sources.filter(isOpened).map((one) => one.sourceId));
      for (const source of gauges.sources)
        if (opened.has(source.sourceId))
          sources.push({ ...source, bitrate: Math.round(source.bitrate), packetLoss: null });
    }
    return { programs, sources };
  }

  /** Takes the picture that a notification asks for, once the program of this node that shows it does. */
  takeSnapshot(payload: string): void {
    if (readSnapshotRequest(payload) === null) return;
    this.#wanted.set(payload, performance.now() + snapshotPatienceMs);
    this.#takeSnapshots();
  }

  processes(): ReturnType<ProgramPool["processes"]> {
    return this.#pool.processes();
  }

  async close(): Promise<void> {
    await this.#pool.close();
    for (const { spec } of this.#running.values()) this.#forgetSources(spec, null);
  }

  #stop(studioId: string, { spec }: Running): void {
    this.#running.delete(studioId);
    this.#needed.delete(studioId);
    this.#pool.drop(studioId);
    this.#forgetSources(spec, null);
    this.#o.recorder.record(`slate ${studioId}`, () => recordProgramStopped(this.#o.db, studioId));
  }

  #hear(studioId: string, report: ProgramReport): void {
    const running = this.#running.get(studioId);
    if (running === undefined) return;
    const { db, recorder, meter } = this.#o;
    switch (report.type) {
      case "shown": {
        const { take, at } = report;
        recorder.record(`shown ${studioId}`, () => recordShown(db, { studioId, take, at }));
        this.#takeSnapshots();
        break;
      }
      case "slate":
        this.#slate(studioId, running, report.onSlate);
        break;
      case "source":
        if (report.flowing && report.video !== null) running.pictures.set(report.sourceId, report.video);
        else running.pictures.delete(report.sourceId);
        this.#source(running.spec, report);
        break;
      case "gauges":
        running.gauges = report.gauges;
        meter.programUsed(report.gauges, workOf(running, report.gauges));
        // Whatever an agent before this one wrote.
        if (running.onSlate === null) this.#slate(studioId, running, false);
        this.#takeSnapshots();
        break;
      case "meters":
        if (running.spec.meters) this.#meters(studioId, report);
        break;
      case "ready":
      case "snapshot":
        break;
    }
  }

  #takeSnapshots(): void {
    for (const [payload, until] of this.#wanted) {
      const request = readSnapshotRequest(payload);
      if (request === null || performance.now() > until) this.#wanted.delete(payload);
      else if (this.#running.has(request.studioId)) void this.#take(payload, request);
    }
  }

  async #take(payload: string, { studioId, of }: { studioId: string; of: SnapshotOf }): Promise<void> {
    const sourceId = of.startsWith("source:") ? of.slice("source:".length) : null;
    const jpeg = await this.#pool.snapshot(studioId, sourceId);
    // One that was asked for more than once is written once.
    if (jpeg === null || !this.#wanted.delete(payload)) return;
    this.#o.recorder.record(`snapshot ${of}`, () => writeSnapshot(this.#o.db, { studioId, of, jpeg }));
  }

  #slate(studioId: string, running: Running, onSlate: boolean): void {
    if (running.onSlate === onSlate) return;
    running.onSlate = onSlate;
    this.#o.recorder.record(`slate ${studioId}`, () => recordSlate(this.#o.db, { studioId, onSlate }));
  }

  #source(spec: ProgramSpec, report: Extract<ProgramReport, { type: "source" }>): void {
    const { sourceId, flowing, video, audio, error } = report;
    const source = spec.sources.find((one) => one.sourceId === sourceId);
    if (source === undefined) return;
    if (error !== null)
      this.#o.log.warn({ studioId: spec.studioId, sourceId, reason: error }, "a source cannot be shown");
    if (source.kind === "ingest") {
      const frameRate = video?.frameRate ?? null;
      if (frameRate !== null) this.#o.sources.measured(sourceId, frameRate);
      this.#o.sources.refused(sourceId, error);
      return;
    }
    const { kind, url, asset } = source;
    // A layer's clip is nobody's source, and a source without an address has nothing to be told of.
    if (isLayerClip(sourceId) || (url === null && asset === undefined)) return;
    // What is still on its way is no error.
    const isAwaited = asset?.fault?.code === "not_found";
    this.#o.sources.opened(sourceId, {
      status: flowing ? "online" : error === null || isAwaited ? "offline" : "error",
      protocol: asset === undefined ? openedProtocol(kind, url ?? "") : "file",
      video,
      audio,
      lastError: error === null ? null : { ...error, at: new Date().toISOString() },
    });
  }

  #meters(studioId: string, { program, sources }: Extract<ProgramReport, { type: "meters" }>): void {
    // The newest is as good as all of them: where one is not told yet, this one takes its place.
    this.#o.recorder.record(`meters ${studioId}`, () =>
      tellMeters(this.#o.db, { studioId, program, sources: sources.filter((one) => !isLayerClip(one.sourceId)) }),
    );
  }

  /** What the worker saw of sources that are not its any more. */
  #forgetSources(before: ProgramSpec, after: ProgramSpec | null): void {
    for (const { sourceId, kind } of before.sources) {
      if (after?.sources.some((one) => one.sourceId === sourceId) === true) continue;
      if (isLayerClip(sourceId)) continue;
      if (kind === "ingest") this.#o.sources.refused(sourceId, null);
      else this.#o.sources.opened(sourceId, null);
    }
  }

  #lost(studioId: string): void {
    const running = this.#running.get(studioId);
    if (running === undefined) return;
    running.gauges = null;
    running.pictures.clear();
    // What it was seen as stays written until its successor says otherwise.
    running.onSlate = null;
  }
}

/** What a program does. Of what nothing arrives any more, such as a still, nothing is decoded. */
function workOf({ spec, pictures }: Running, { sources }: ProgramGauges): ProgramWork {
  const arriving = sources.filter(({ bitrate }) => bitrate > 0);
  return {
    canvas: spec.canvas,
    sources: arriving.flatMap(({ sourceId }) => pictures.get(sourceId) ?? []),
    preview: spec.preview !== null,
  };
}

/** A source of the studio that its program opens itself. */
function isOpened({ kind, sourceId }: ProgramSource): boolean {
  return kind !== "ingest" && !isLayerClip(sourceId);
}
