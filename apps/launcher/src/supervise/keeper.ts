import { setTimeout as delay } from "node:timers/promises";
import { signalProcess } from "../process/process-table.ts";
import { messageOf } from "../failure.ts";
import { describeExit } from "./running.ts";
import type { Program, Running } from "./running.ts";

/** A run shorter than this counts as a failure to start. */
const shortRunMs = 1_000;
const firstDelayMs = 100;
const longestDelayMs = 2_000;

/** How long to wait before the next start, after so many short runs in a row, ms. */
export function restartDelay(shortRuns: number): number {
  return shortRuns === 0 ? 0 : Math.min(longestDelayMs, firstDelayMs * 2 ** (shortRuns - 1));
}

export type KeeperListener = {
  readonly onLost: (name: string, reason: string, restartInMs: number) => void;
  readonly onBack: (name: string, pid: number) => void;
};

/**
 * Keeps one program running: what dies is started again at once, and with a
 * growing delay while it keeps dying. Owns the process it started; `stop`
 * ends it for good.
 */
export class Keeper {
  readonly #program: Program;
  readonly #listener: KeeperListener;
  readonly #stopped = new AbortController();
  /** Nothing is started any more: this program is stopped, or the whole instance is about to be. */
  readonly #stopping: AbortSignal;
  #running: Running | null = null;
  #kept: Promise<void> = Promise.resolve();

  /** From `instanceStop` on nothing is started again; whoever made the keeper still stops it. */
  constructor(program: Program, listener: KeeperListener, instanceStop: AbortSignal) {
    this.#program = program;
    this.#listener = listener;
    this.#stopping = AbortSignal.any([this.#stopped.signal, instanceStop]);
  }

  get name(): string {
    return this.#program.name;
  }

  /** Null while it is between two runs. */
  get pid(): number | null {
    return this.#running?.pid ?? null;
  }

  /** Starts it, and resolves when it is ready. The first start gets no second try: throws when it fails. */
  async start(): Promise<void> {
    const running = await this.#launch();
    await running.ready;
    this.#kept = this.#keep(running, performance.now());
  }

  /** Asks it to end and waits, then ends it by force. Safe at any time, before and during a start too. */
  async stop(): Promise<void> {
    this.#stopped.abort();
    if (this.#running !== null) await this.#end(this.#running);
    await this.#kept;
  }

  async #forgetWhenGone(running: Running): Promise<void> {
    await running.exited;
    if (this.#running === running) this.#running = null;
  }

  async #end(running: Running): Promise<void> {
    this.#program.askToStop(running.pid);
    if (await resolvesWithin(running.exited, this.#program.stopWithinMs)) return;
    signalProcess(running.pid, "SIGKILL");
    await running.exited;
  }

  async #launch(): Promise<Running> {
    const running = await this.#program.launch();
    this.#running = running;
    void this.#forgetWhenGone(running);
    // A stop that came while it was being launched did not see it.
    if (this.#stopping.aborted) await this.#end(running);
    return running;
  }

  async #keep(first: Running, firstStartedAt: number): Promise<void> {
    const signal = this.#stopping;
    let running: Running | null = first;
    let startedAt = firstStartedAt;
    let shortRuns = 0;
    let reason = "";
    for (;;) {
      if (running !== null) reason = describeExit(await running.exited);
      if (signal.aborted) return;
      shortRuns = performance.now() - startedAt < shortRunMs ? shortRuns + 1 : 0;
      const delayMs = restartDelay(shortRuns);
      this.#listener.onLost(this.name, reason, delayMs);
      await delay(delayMs, undefined, { signal }).catch(() => undefined);
      if (signal.aborted) return;
      startedAt = performance.now();
      try {
        running = await this.#launch();
        const { pid } = running;
        running.ready.then(
          () => this.#listener.onBack(this.name, pid),
          () => undefined,
        );
      } catch (error) {
        running = null;
        reason = `could not be started: ${messageOf(error)}`;
      }
    }
  }
}

async function resolvesWithin(promise: Promise<unknown>, withinMs: number): Promise<boolean> {
  const timer = new AbortController();
  const late = delay(withinMs, false, { signal: timer.signal }).catch(() => false);
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    timer.abort();
  }
}
