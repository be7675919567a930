import type { ChildProcess } from "node:child_process";
import { rmSync } from "node:fs";
import type { Logger } from "@trax/foundation/log";
import type { ProgramCommand, ProgramReport, ProgramSpec } from "../program/protocol.ts";
import type { OrphanList } from "./orphans.ts";
import { SnapshotRequests } from "./snapshot-requests.ts";
import { Watchdog, WorkerProcess } from "./worker-process.ts";

export type ProgramPoolOptions = {
  /** Starts a program worker process. */
  readonly fork: () => ChildProcess;
  readonly orphans: OrphanList;
  readonly log: Logger;
  readonly onReport: (studioId: string, report: ProgramReport) => void;
  /** The worker is gone; another one is being started with the specification it had. */
  readonly onLost: (studioId: string) => void;
};

type Worker = {
  readonly process: WorkerProcess<ProgramCommand, ProgramReport>;
  readonly startedAt: number;
  readonly snapshots: SnapshotRequests;
  /** Null: it is kept ready. */
  studioId: string | null;
  toldAt: number;
  /** It has made frames. */
  hasMadeFrames: boolean;
  madeFramesAt: number;
};

/** One studio's program. Without a worker it waits for one. */
type Slot = { spec: ProgramSpec; worker: Worker | null; youngDeaths: number; timer: NodeJS.Timeout | null };

/** Gauges come once a second: on air again within 3 s needs a quick verdict. */
const silentMs = 2_500;
/** One that speaks, and makes no frame any more. */
const framelessMs = 4_000;
const checkMs = 250;
/** One that dies sooner would most likely do so again. */
const youngMs = 5_000;
const respawnMs = 1_000;
const lastRespawnMs = 10_000;

/**
 * The program worker processes of this node: one a studio, and one kept ready,
 * so that a start or a replacement does not wait for a process.
 */
export class ProgramPool {
  readonly #o: ProgramPoolOptions;
  readonly #workers = new Set<Worker>();
  readonly #slots = new Map<string, Slot>();
  readonly #watchdog: Watchdog;
  readonly #allGone = Promise.withResolvers<void>();
  #spare: Worker | null = null;
  #spareDeaths = 0;
  #spareTimer: NodeJS.Timeout | null = null;
  #closed = false;

  constructor(options: ProgramPoolOptions) {
    this.#o = options;
    this.#watchdog = new Watchdog(checkMs, () => [...this.#workers].map((worker) => worker.process));
    this.#prepare();
  }

  /** Makes the studio's program what the spec says; starts it where it does not run. */
  assign(spec: ProgramSpec): void {
    if (this.#closed) return;
    const { studioId } = spec;
    const known = this.#slots.get(studioId);
    if (known !== undefined) {
      known.spec = spec;
      known.worker?.process.send({ type: "program", spec });
      return;
    }
    const slot: Slot = { spec, worker: null, youngDeaths: 0, timer: null };
    this.#slots.set(studioId, slot);
    // Two on one link would close each other's: the one before has to be gone.
    const before = this.#workerOf(studioId);
    if (before === undefined) this.#start(slot);
    else before.process.kill();
  }

  drop(studioId: string): void {
    const slot = this.#slots.get(studioId);
    if (slot === undefined) return;
    this.#slots.delete(studioId);
    if (slot.timer !== null) clearTimeout(slot.timer);
    slot.worker?.process.retire({ type: "stop" });
  }

  /** A JPEG of what is on the program (`of` null) or of a source; null when there is none. */
  async snapshot(studioId: string, of: string | null): Promise<Buffer | null> {
    const worker = this.#slots.get(studioId)?.worker ?? null;
    if (worker === null) return null;
    return worker.snapshots.ask((id) => worker.process.send({ type: "snapshot", id, of }));
  }

  /** What runs where, for `./trax status`; the one kept ready has no studio. */
  processes(): { name: "program"; pid: number; studioId?: string }[] {
    return [...this.#workers].flatMap(({ process: { pid }, studioId }) =>
      pid === undefined ? [] : [{ name: "program" as const, pid, ...(studioId === null ? {} : { studioId }) }],
    );
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#watchdog.close();
    if (this.#spareTimer !== null) clearTimeout(this.#spareTimer);
    for (const studioId of this.#slots.keys()) this.drop(studioId);
    for (const worker of this.#workers) worker.process.retire({ type: "stop" });
    if (this.#workers.size > 0) await this.#allGone.promise;
  }

  #workerOf(studioId: string): Worker | undefined {
    return [...this.#workers].find((worker) => worker.studioId === studioId);
  }

  #start(slot: Slot): void {
    const worker = this.#spare ?? this.#spawn();
    this.#spare = null;
    slot.worker = worker;
    worker.studioId = slot.spec.studioId;
    worker.toldAt = performance.now();
    worker.process.watch(true);
    worker.process.send({ type: "program", spec: slot.spec });
  }

  #spawn(): Worker {
    const process = new WorkerProcess<ProgramCommand, ProgramReport>(this.#o.fork(), {
      name: "program",
      silentMs,
      orphans: this.#o.orphans,
      log: this.#o.log,
      onReport: (report) => this.#hear(worker, report),
      onEnded: (code, signal) => this.#ended(worker, code, signal),
    });
    const now = performance.now();
    const worker: Worker = {
      process,
      startedAt: now,
      snapshots: new SnapshotRequests(),
      studioId: null,
      toldAt: now,
      hasMadeFrames: false,
      madeFramesAt: now,
    };
    this.#workers.add(worker);
    return worker;
  }

  /** Has one ready, unless there is. */
  #prepare(): void {
    if (this.#closed || this.#spare !== null || this.#spareTimer !== null) return;
    this.#spare = this.#spawn();
    // With nothing to do it need not say anything.
    this.#spare.process.watch(false);
  }

  #hear(worker: Worker, report: ProgramReport): void {
    if (report.type === "snapshot") worker.snapshots.answer(report.id, report.jpeg);
    if (report.type === "gauges" && worker.studioId !== null) {
      this.#judge(worker, report.gauges.frameRate);
      // Only now, so that it did not hold up this one's start.
      this.#prepare();
    }
    const isOn = worker.studioId !== null && this.#slots.get(worker.studioId)?.worker === worker;
    if (worker.studioId !== null && isOn) this.#o.onReport(worker.studioId, report);
  }

  #judge(worker: Worker, frameRate: number): void {
    const now = performance.now();
    if (frameRate > 0) Object.assign(worker, { hasMadeFrames: true, madeFramesAt: now });
    else if (worker.hasMadeFrames && now - worker.madeFramesAt > framelessMs && !worker.process.stopping) {
      this.#o.log.error({ pid: worker.process.pid, studioId: worker.studioId }, "a program worker makes no frames");
      worker.process.kill();
    }
  }

  #ended(worker: Worker, code: number | null, signal: NodeJS.Signals | null): void {
    this.#workers.delete(worker);
    worker.snapshots.close();
    if (worker === this.#spare) this.#spareEnded(code, signal);
    const { studioId } = worker;
    const slot = studioId === null ? undefined : this.#slots.get(studioId);
    if (studioId !== null && slot !== undefined) {
      // Of the one before: whoever waited for its end starts now.
      if (slot.worker === null && slot.timer === null) this.#start(slot);
      else if (slot.worker === worker) this.#replace(studioId, slot, worker, { code, signal });
    }
    if (this.#closed && this.#workers.size === 0) this.#allGone.resolve();
  }

  #replace(studioId: string, slot: Slot, { process, toldAt }: Worker, end: object): void {
    this.#o.log.error({ pid: process.pid, studioId, ...end }, "a program worker is gone");
    slot.worker = null;
    // Nobody is to wait at a door that nobody opens.
    rmSync(slot.spec.linkPath, { force: true });
    this.#o.onLost(studioId);
    // Unless whoever was told has dropped it.
    if (this.#slots.get(studioId) !== slot) return;
    slot.youngDeaths = performance.now() - toldAt < youngMs ? slot.youngDeaths + 1 : 0;
    if (slot.youngDeaths === 0) {
      this.#start(slot);
      return;
    }
    slot.timer = setTimeout(() => {
      slot.timer = null;
      this.#start(slot);
    }, backOff(slot.youngDeaths));
  }

  #spareEnded(code: number | null, signal: NodeJS.Signals | null): void {
    const startedAt = this.#spare?.startedAt ?? 0;
    this.#spare = null;
    if (this.#closed) return;
    this.#o.log.warn({ code, signal }, "the program worker kept ready is gone");
    this.#spareDeaths = performance.now() - startedAt < youngMs ? this.#spareDeaths + 1 : 1;
    this.#spareTimer = setTimeout(() => {
      this.#spareTimer = null;
      this.#prepare();
    }, backOff(this.#spareDeaths));
  }
}

/** So that what kills workers is no tight loop. */
function backOff(deaths: number): number {
  return Math.min(lastRespawnMs, respawnMs * 2 ** (deaths - 1));
}
