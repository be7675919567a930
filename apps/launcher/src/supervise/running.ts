import type { ChildProcess } from "node:child_process";

export type Exit = { readonly code: number | null; readonly signal: NodeJS.Signals | null };

/** One run of a program. */
export type Running = {
  readonly pid: number;
  /** Resolves when it does its work; rejects when it ends before that. */
  readonly ready: Promise<void>;
  readonly exited: Promise<Exit>;
};

/** A program that is kept running. */
export type Program = {
  readonly name: string;
  /** Starts it, once what an earlier run left behind is cleared away. */
  launch(): Promise<Running>;
  /** Asks it to end; its own children with it. */
  askToStop(pid: number): void;
  /** How long it has for that, before it is ended by force. */
  readonly stopWithinMs: number;
};

export function describeExit(exit: Exit): string {
  return exit.signal === null ? `ended with status ${exit.code ?? "unknown"}` : `was ended by ${exit.signal}`;
}

/** Resolves when the process has ended, a failed spawn included. Nothing is thrown when its `signal` ends it. */
export function exitOf(child: ChildProcess): Promise<Exit> {
  return new Promise((resolve) => {
    child.once("exit", (code, signal) => resolve({ code, signal }));
    child.once("error", () => {
      if (child.pid === undefined) resolve({ code: null, signal: null });
    });
  });
}
