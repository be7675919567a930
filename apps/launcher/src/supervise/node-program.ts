import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { Failure } from "../failure.ts";
import { signalProcess } from "../process/process-table.ts";
import { root } from "../repository.ts";
import type { ProcessLog } from "./process-log.ts";
import { describeExit, exitOf } from "./running.ts";
import type { Program, Running } from "./running.ts";

/** A process of an instance, as `./trax status` lists it. */
export type ProcessEntry = {
  readonly name: string;
  readonly pid: number;
  readonly studioId?: string;
  readonly studioIds?: readonly string[];
};

export type NodeProgramOptions = {
  readonly name: string;
  readonly script: string;
  readonly environment: NodeJS.ProcessEnv;
  readonly log: ProcessLog;
  readonly stopWithinMs: number;
};

/**
 * One of TRaX's own programs. It says `{type:"ready"}` over IPC, answers
 * `{type:"status",id}`, and ends by itself when the channel closes. It leads a
 * session of its own, so that Ctrl-C at the terminal reaches the supervisor
 * alone and things stop in order.
 */
export class NodeProgram implements Program {
  readonly name: string;
  readonly stopWithinMs: number;
  readonly #options: NodeProgramOptions;
  #child: ChildProcess | null = null;
  #lastQuestion = 0;

  constructor(options: NodeProgramOptions) {
    this.name = options.name;
    this.stopWithinMs = options.stopWithinMs;
    this.#options = options;
  }

  launch(): Promise<Running> {
    const { script, environment, log } = this.#options;
    const child = spawn(process.execPath, [script], {
      cwd: root,
      env: environment,
      stdio: ["ignore", "pipe", "pipe", "ipc"],
      detached: true,
    });
    log.follow(child.stdout, child.stderr);
    const exited = exitOf(child);
    const { pid } = child;
    if (pid === undefined) return Promise.reject(new Failure(`${this.name} could not be started: ${process.execPath}`));
    this.#child = child;
    const ready = new Promise<void>((resolve, reject) => {
      child.on("message", (message) => {
        if (isMessage(message) && message.type === "ready") resolve();
      });
      void exited.then((exit) => reject(new Failure(`${this.name} ${describeExit(exit)} before it was ready`)));
    });
    // Whoever waits for it hears of the failure; nobody does after a restart, where `exited` tells.
    ready.catch(() => undefined);
    return Promise.resolve({ pid, ready, exited });
  }

  askToStop(pid: number): void {
    signalProcess(pid, "SIGTERM");
  }

  /** What it says about its own child processes; null when it does not answer in time. */
  askForProcesses(withinMs = 1_000): Promise<readonly ProcessEntry[] | null> {
    const child = this.#child;
    if (child === null || !child.connected) return Promise.resolve(null);
    const id = ++this.#lastQuestion;
    return new Promise((resolve) => {
      const finish = (answer: readonly ProcessEntry[] | null): void => {
        clearTimeout(timer);
        child.off("message", onMessage);
        child.off("exit", onExit);
        resolve(answer);
      };
      const onMessage = (message: unknown): void => {
        if (isMessage(message) && message.type === "status" && message.id === id)
          finish(readEntries(message.processes));
      };
      const onExit = (): void => finish(null);
      const timer = setTimeout(finish, withinMs, null);
      child.on("message", onMessage);
      child.once("exit", onExit);
      child.send({ type: "status", id }, (error) => {
        if (error !== null) finish(null);
      });
    });
  }
}

type Message = { readonly type: unknown; readonly id: unknown; readonly processes: unknown };

function isMessage(value: unknown): value is Message {
  return typeof value === "object" && value !== null && "type" in value;
}

function readEntries(value: unknown): readonly ProcessEntry[] {
  return Array.isArray(value) ? value.filter(isEntry) : [];
}

function isEntry(value: unknown): value is ProcessEntry {
  return (
    typeof value === "object" &&
    value !== null &&
    "name" in value &&
    typeof value.name === "string" &&
    "pid" in value &&
    typeof value.pid === "number"
  );
}
