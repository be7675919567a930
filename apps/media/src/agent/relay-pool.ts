import type { ChildProcess } from "node:child_process";
import type { Logger } from "@trax/foundation/log";
import type { RelaySpec, WorkerCommand, WorkerReport } from "../relay/protocol.ts";
import type { OrphanList } from "./orphans.ts";
import { forkRelayWorker } from "./relay-worker-process.ts";

/**
 * `shared`: RTMP(S) relays that never meet FFmpeg, many in a process.
 * `own`: relays that need FFmpeg's libraries (SRT out, transcoded audio): a
 * process each, so that a crash in native code is one studio's.
 */
export type Lane = "shared" | "own";

export type RelayPoolListener = {
  readonly onReport: (
    studioId: string,
    lane: Lane,
    report: Exclude<WorkerReport, { type: "ready" | "gauges" }>,
  ) => void;
  readonly onGauges: (report: Extract<WorkerReport, { type: "gauges" }>, lane: Lane) => void;
  /** The worker is gone; its relays are being started elsewhere with the specs they had. */
  readonly onLost: (studioIds: readonly string[], lane: Lane) => void;
};

type Worker = {
  readonly child: ChildProcess;
  readonly lane: Lane;
  readonly specs: Map<string, RelaySpec>;
  lastHeard: number;
  stopping: boolean;
};

const sharedCapacity = 50;
const silentMs = 8_000;
const checkMs = 1_000;
const stopDeadlineMs = 5_000;
const respawnMs = 500;

/** The relay worker processes of this node: which studio runs where, and their restarts. */
export class RelayPool {
  readonly #listener: RelayPoolListener;
  readonly #log: Logger;
  readonly #orphans: OrphanList;
  readonly #workers = new Set<Worker>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #checker: NodeJS.Timeout;
  #lastCheck = performance.now();
  #lastSpareDeath = Number.NEGATIVE_INFINITY;
  #closed = false;

  constructor(listener: RelayPoolListener, orphans: OrphanList, log: Logger) {
    this.#listener = listener;
    this.#orphans = orphans;
    this.#log = log;
    this.#checker = setInterval(() => this.#check(), checkMs);
    // Kept ready, so that the first go-live does not wait for a process to start.
    this.#spawn("shared");
  }

  /** Makes a relay what the spec says, wherever it runs; starts it where there is room. */
  assign(spec: RelaySpec, lane: Lane): void {
    if (this.#closed) return;
    const worker = this.#find(spec.studioId, lane) ?? this.#room(lane);
    worker.specs.set(spec.studioId, spec);
    this.#send(worker, { type: "relay", spec });
  }

  drop(studioId: string, lane: Lane): void {
    const worker = this.#find(studioId, lane);
    if (worker === undefined) return;
    worker.specs.delete(studioId);
    if (worker.specs.size === 0 && (lane === "own" || this.#count("shared") > 1)) this.#retire(worker);
    else this.#send(worker, { type: "drop", studioId });
  }

  /** What runs where, for `./trax status`. */
  processes(): { name: "relay"; pid: number; studioIds: string[] }[] {
    return [...this.#workers].flatMap(({ child: { pid }, specs }) =>
      pid === undefined ? [] : [{ name: "relay" as const, pid, studioIds: [...specs.keys()] }],
    );
  }

  /** Closes every connection politely and ends every worker. */
  async close(): Promise<void> {
    this.#closed = true;
    clearInterval(this.#checker);
    const gone = [...this.#workers].map((worker) => {
      const { promise, resolve } = Promise.withResolvers<void>();
      worker.child.once("exit", () => resolve());
      this.#retire(worker);
      return promise;
    });
    await Promise.all(gone);
    for (const timer of this.#timers) clearTimeout(timer);
  }

  #find(studioId: string, lane: Lane): Worker | undefined {
    return [...this.#workers].find((worker) => worker.lane === lane && !worker.stopping && worker.specs.has(studioId));
  }

  #room(lane: Lane): Worker {
    const capacity = lane === "shared" ? sharedCapacity : 1;
    const roomy = [...this.#workers].find(
      (worker) => worker.lane === lane && !worker.stopping && worker.specs.size < capacity,
    );
    return roomy ?? this.#spawn(lane);
  }

  #count(lane: Lane): number {
    return [...this.#workers].filter((worker) => worker.lane === lane && !worker.stopping).length;
  }

  #spawn(lane: Lane): Worker {
    const child = forkRelayWorker(lane === "own");
    const worker: Worker = { child, lane, specs: new Map(), lastHeard: performance.now(), stopping: false };
    this.#workers.add(worker);
    if (child.pid !== undefined) this.#orphans.add(child.pid);
    child.on("message", (message: WorkerReport) => this.#hear(worker, message));
    child.once("error", (error) => this.#log.error({ err: error }, "a relay worker could not be started"));
    child.once("exit", (code, signal) => this.#ended(worker, code, signal));
    return worker;
  }

  #send(worker: Worker, command: WorkerCommand): void {
    // A failed write means that the worker is gone: its exit brings the relay elsewhere.
    if (worker.child.connected) worker.child.send(command, () => undefined);
  }

  #hear(worker: Worker, report: WorkerReport): void {
    worker.lastHeard = performance.now();
    if (worker.stopping) return;
    if (report.type === "gauges") this.#listener.onGauges(report, worker.lane);
    else if (report.type !== "ready") this.#listener.onReport(report.studioId, worker.lane, report);
  }

  #ended(worker: Worker, code: number | null, signal: NodeJS.Signals | null): void {
    this.#workers.delete(worker);
    if (worker.child.pid !== undefined) this.#orphans.remove(worker.child.pid);
    if (worker.stopping || this.#closed) return;
    const studioIds = [...worker.specs.keys()];
    this.#log.error({ pid: worker.child.pid, code, signal, studioIds }, "a relay worker is gone");
    if (studioIds.length > 0) this.#listener.onLost(studioIds, worker.lane);
    for (const spec of worker.specs.values()) this.assign(spec, worker.lane);
    if (worker.lane === "shared" && this.#count("shared") === 0) this.#spawnSpare();
  }

  /** At once, but not in a tight loop where every start fails. */
  #spawnSpare(): void {
    const now = performance.now();
    const wait = now - this.#lastSpareDeath < 2 * respawnMs ? respawnMs : 0;
    this.#lastSpareDeath = now;
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      if (!this.#closed && this.#count("shared") === 0) this.#spawn("shared");
    }, wait);
    this.#timers.add(timer);
  }

  /** Ends a worker politely; by force at the deadline. */
  #retire(worker: Worker): void {
    worker.stopping = true;
    this.#send(worker, { type: "stop" });
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      worker.child.kill("SIGKILL");
    }, stopDeadlineMs);
    this.#timers.add(timer);
    worker.child.once("exit", () => {
      clearTimeout(timer);
      this.#timers.delete(timer);
    });
  }

  /** A worker that says nothing is stuck; unless it is we who were. */
  #check(): void {
    const now = performance.now();
    const weWereLate = now - this.#lastCheck > 2 * checkMs;
    this.#lastCheck = now;
    for (const worker of this.#workers) {
      if (weWereLate) worker.lastHeard = now;
      else if (now - worker.lastHeard > silentMs) {
        this.#log.error({ pid: worker.child.pid }, "a relay worker is stuck and is ended");
        worker.child.kill("SIGKILL");
      }
    }
  }
}
