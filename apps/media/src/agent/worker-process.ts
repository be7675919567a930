import type { ChildProcess } from "node:child_process";
import type { Logger } from "@trax/foundation/log";
import type { OrphanList } from "./orphans.ts";

export type WorkerProcessOptions<Report> = {
  /** For the log: "relay", "program". */
  readonly name: string;
  /** One that has started and says nothing for so long is stuck, ms. */
  readonly silentMs: number;
  readonly orphans: OrphanList;
  readonly log: Logger;
  /** Never after `onEnded`. */
  readonly onReport: (report: Report) => void;
  /** Once: it is gone, or could not be started. */
  readonly onEnded: (code: number | null, signal: NodeJS.Signals | null) => void;
};

/** On a machine that is short of breath a process takes long to start, and longer when it is started again. */
const startMs = 30_000;
const stopDeadlineMs = 5_000;

/** A worker process of this node: what is said to it and heard of it, and its end. */
export class WorkerProcess<Command extends object, Report> {
  readonly #child: ChildProcess;
  readonly #o: WorkerProcessOptions<Report>;
  #lastHeard = performance.now();
  #hasStarted = false;
  #isWatched = true;
  #stopping = false;
  #hasEnded = false;
  #deadline: NodeJS.Timeout | null = null;

  constructor(child: ChildProcess, options: WorkerProcessOptions<Report>) {
    this.#child = child;
    this.#o = options;
    if (child.pid !== undefined) options.orphans.add(child.pid);
    child.on("message", (report: Report) => {
      // What it said last may come after its end, and is true no longer.
      if (this.#hasEnded) return;
      this.#lastHeard = performance.now();
      this.#hasStarted = true;
      options.onReport(report);
    });
    child.on("error", (error) => {
      options.log.error({ err: error }, `a ${options.name} worker could not be started, spoken to or ended`);
      // It never was: no exit follows.
      if (child.pid === undefined) this.#end(null, null);
    });
    child.once("exit", (code, signal) => this.#end(code, signal));
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** It was told to stop. */
  get stopping(): boolean {
    return this.#stopping;
  }

  send(command: Command): void {
    // A failed write means that the worker is gone: its exit follows.
    if (this.#child.connected) this.#child.send(command, () => undefined);
  }

  /** Ends it politely, by the command given; by force at the deadline. */
  retire(stop: Command): void {
    if (this.#stopping) return;
    this.#stopping = true;
    this.send(stop);
    this.#deadline = setTimeout(() => this.kill(), stopDeadlineMs);
  }

  kill(): void {
    this.#child.kill("SIGKILL");
  }

  /** Whether its silence means anything: one that has nothing to do may say nothing. As if heard just now. */
  watch(isWatched: boolean): void {
    this.#isWatched = isWatched;
    this.#lastHeard = performance.now();
  }

  /** Ends it when it is stuck. */
  check(now: number): void {
    if (!this.#isWatched || now - this.#lastHeard <= (this.#hasStarted ? this.#o.silentMs : startMs)) return;
    this.#o.log.error({ pid: this.pid }, `a ${this.#o.name} worker is stuck and is ended`);
    this.kill();
  }

  /** What came meanwhile could not be heard. */
  excuse(now: number): void {
    this.#lastHeard = now;
  }

  #end(code: number | null, signal: NodeJS.Signals | null): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    if (this.#deadline !== null) clearTimeout(this.#deadline);
    if (this.pid !== undefined) this.#o.orphans.remove(this.pid);
    this.#o.onEnded(code, signal);
  }
}

/** Looks again and again for workers that say nothing; unless it is we who were held up. */
export class Watchdog {
  readonly #timer: NodeJS.Timeout;
  #lastCheck = performance.now();

  constructor(everyMs: number, processes: () => Iterable<Pick<WorkerProcess<object, unknown>, "check" | "excuse">>) {
    this.#timer = setInterval(() => {
      const now = performance.now();
      const weWereLate = now - this.#lastCheck > 2 * everyMs;
      this.#lastCheck = now;
      for (const process of processes()) {
        if (weWereLate) process.excuse(now);
        else process.check(now);
      }
    }, everyMs);
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
