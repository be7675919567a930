import type { Logger } from "@trax/foundation/log";
import type { RelayReport, RelaySpec, WorkerCommand, WorkerReport } from "../relay/protocol.ts";
import { DestinationHolds } from "./destination-holds.ts";
import type { OrphanList } from "./orphans.ts";
import { forkRelayWorker } from "./relay-worker-process.ts";
import { Watchdog, WorkerProcess } from "./worker-process.ts";

/**
 * `shared`: RTMP(S) relays that never meet FFmpeg, many in a process.
 * `own`: relays that need FFmpeg's libraries (SRT out, transcoded audio): a
 * process each, so that a crash in native code is one studio's.
 */
export type Lane = "shared" | "own";

export type RelayPoolListener = {
  readonly onReport: (studioId: string, report: RelayReport) => void;
  readonly onGauges: (report: Extract<WorkerReport, { type: "gauges" }>) => void;
  /** Nobody is connected to these destinations any more; where they are wanted they are connected anew. */
  readonly onReleased: (studioId: string, destinationIds: readonly string[]) => void;
  /** The worker is gone; its relays are being started elsewhere with the specs they had. */
  readonly onLost: (studioIds: readonly string[], lane: Lane) => void;
};

type Worker = {
  readonly process: WorkerProcess<WorkerCommand, WorkerReport>;
  readonly lane: Lane;
  readonly specs: Map<string, RelaySpec>;
  readonly startedAt: number;
  /** Commands sent. */
  sent: number;
};

/** A relay that waits for its worker to be started again. */
type Waiting = { readonly lane: Lane; readonly spec: RelaySpec };

const sharedCapacity = 50;
const silentMs = 8_000;
/** One that dies sooner would most likely do so again. */
const youngMs = 5_000;
const checkMs = 1_000;
const respawnMs = 1_000;

const keyOf = (studioId: string, lane: Lane): string => `${lane} ${studioId}`;

/** The relay worker processes of this node: which studio runs where, and their restarts. */
export class RelayPool {
  readonly #listener: RelayPoolListener;
  readonly #log: Logger;
  readonly #orphans: OrphanList;
  readonly #workers = new Set<Worker>();
  readonly #holds = new DestinationHolds<Worker>();
  /** By lane and studio. */
  readonly #waiting = new Map<string, Waiting>();
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #watchdog: Watchdog;
  readonly #allGone = Promise.withResolvers<void>();
  #closed = false;

  constructor(listener: RelayPoolListener, orphans: OrphanList, log: Logger) {
    this.#listener = listener;
    this.#orphans = orphans;
    this.#log = log;
    this.#watchdog = new Watchdog(checkMs, () => [...this.#workers].map((worker) => worker.process));
    // Kept ready, so that the first go-live does not wait for a process to start.
    this.#spawn("shared");
  }

  /** Makes a relay what the spec says, wherever it runs; starts it where there is room. */
  assign(spec: RelaySpec, lane: Lane): void {
    if (this.#closed) return;
    const key = keyOf(spec.studioId, lane);
    if (this.#waiting.has(key)) {
      this.#waiting.set(key, { lane, spec });
      return;
    }
    const worker = this.#find(spec.studioId, lane) ?? this.#room(lane);
    worker.specs.set(spec.studioId, spec);
    this.#tell(worker, spec);
  }

  drop(studioId: string, lane: Lane): void {
    this.#waiting.delete(keyOf(studioId, lane));
    const worker = this.#find(studioId, lane);
    if (worker === undefined) return;
    worker.specs.delete(studioId);
    this.#holds.take(worker, worker.sent + 1, studioId, []);
    if (worker.specs.size === 0 && (lane === "own" || this.#count("shared") > 1)) this.#retire(worker);
    else this.#send(worker, { type: "drop", studioId });
  }

  /** Whether any worker may still be connected to a destination of this studio. */
  isConnected(studioId: string): boolean {
    return this.#holds.has(studioId);
  }

  /** What runs where, for `./trax status`. */
  processes(): { name: "relay"; pid: number; studioIds: string[] }[] {
    return [...this.#workers].flatMap(({ process: { pid }, specs }) =>
      pid === undefined ? [] : [{ name: "relay" as const, pid, studioIds: [...specs.keys()] }],
    );
  }

  /** Closes every connection politely and ends every worker. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#watchdog.close();
    for (const timer of this.#timers) clearTimeout(timer);
    for (const worker of this.#workers) this.#retire(worker);
    if (this.#workers.size > 0) await this.#allGone.promise;
  }

  #find(studioId: string, lane: Lane): Worker | undefined {
    return [...this.#workers].find(
      (worker) => worker.lane === lane && !worker.process.stopping && worker.specs.has(studioId),
    );
  }

  #room(lane: Lane): Worker {
    const capacity = lane === "shared" ? sharedCapacity : 1;
    const roomy = [...this.#workers].find(
      (worker) => worker.lane === lane && !worker.process.stopping && worker.specs.size < capacity,
    );
    return roomy ?? this.#spawn(lane);
  }

  #count(lane: Lane): number {
    return [...this.#workers].filter((worker) => worker.lane === lane && !worker.process.stopping).length;
  }

  #spawn(lane: Lane): Worker {
    const process = new WorkerProcess<WorkerCommand, WorkerReport>(forkRelayWorker(lane === "own"), {
      name: "relay",
      silentMs,
      orphans: this.#orphans,
      log: this.#log,
      onReport: (report) => this.#hear(worker, report),
      onEnded: (code, signal) => this.#ended(worker, code, signal),
    });
    const worker: Worker = { process, lane, specs: new Map(), startedAt: performance.now(), sent: 0 };
    this.#workers.add(worker);
    return worker;
  }

  /** Makes the worker's relay what the spec says, without what another worker has not let go yet. */
  #tell(worker: Worker, spec: RelaySpec): void {
    const wanted = spec.destinations.map((destination) => destination.destinationId);
    const may = this.#holds.take(worker, worker.sent + 1, spec.studioId, wanted);
    const destinations = spec.destinations.filter((destination) => may.has(destination.destinationId));
    this.#send(worker, { type: "relay", spec: { ...spec, destinations } });
  }

  #released(studioId: string, destinationIds: readonly string[]): void {
    if (destinationIds.length === 0) return;
    this.#listener.onReleased(studioId, destinationIds);
    for (const worker of this.#workers) {
      const spec = worker.process.stopping ? undefined : worker.specs.get(studioId);
      if (spec?.destinations.some((destination) => destinationIds.includes(destination.destinationId)) === true)
        this.#tell(worker, spec);
    }
  }

  #send(worker: Worker, command: WorkerCommand): void {
    worker.sent += 1;
    worker.process.send(command);
  }

  #hear(worker: Worker, report: WorkerReport): void {
    if (report.type === "let_go")
      this.#released(report.studioId, this.#holds.letGo(worker, report.after, report.studioId));
    else if (report.type === "gauges") this.#listener.onGauges(report);
    else if (report.type !== "ready" && !worker.process.stopping) this.#listener.onReport(report.studioId, report);
  }

  #ended(worker: Worker, code: number | null, signal: NodeJS.Signals | null): void {
    this.#workers.delete(worker);
    const released = this.#holds.gone(worker);
    if (!worker.process.stopping && !this.#closed) {
      const studioIds = [...worker.specs.keys()];
      this.#log.error({ pid: worker.process.pid, code, signal, studioIds }, "a relay worker is gone");
      if (studioIds.length > 0) this.#listener.onLost(studioIds, worker.lane);
      this.#replace(worker);
    }
    for (const [studioId, destinationIds] of released) this.#released(studioId, destinationIds);
    if (this.#closed && this.#workers.size === 0) this.#allGone.resolve();
  }

  /** At once; after a while where it died young, so that what kills workers is no tight loop. */
  #replace({ lane, specs, startedAt }: Worker): void {
    for (const spec of specs.values()) this.#waiting.set(keyOf(spec.studioId, lane), { lane, spec });
    const start = (): void => {
      for (const studioId of specs.keys()) {
        const key = keyOf(studioId, lane);
        const waiting = this.#waiting.get(key);
        this.#waiting.delete(key);
        if (waiting !== undefined) this.assign(waiting.spec, lane);
      }
      if (!this.#closed && lane === "shared" && this.#count("shared") === 0) this.#spawn("shared");
    };
    if (performance.now() - startedAt >= youngMs) {
      start();
      return;
    }
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      start();
    }, respawnMs);
    this.#timers.add(timer);
  }

  /** Its commands are counted, also the last one. */
  #retire(worker: Worker): void {
    if (worker.process.stopping) return;
    worker.sent += 1;
    worker.process.retire({ type: "stop" });
  }
}
