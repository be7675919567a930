import { spawn } from "node:child_process";
import { once } from "node:events";

export type Child = {
  readonly pid: number;
  /** Fulfilled with the exit status, or the signal's name, once it is gone. */
  readonly exited: Promise<number | string>;
  readonly hasExited: () => boolean;
  /** The end of what it wrote to stdout and stderr. */
  readonly output: () => string;
  /** Freezes (SIGSTOP), thaws (SIGCONT), kills: for tests of what such a peer does to others. */
  readonly signal: (name: NodeJS.Signals) => void;
  /** Writes a line to its standard input, where it was asked for. */
  readonly write: (text: string) => void;
  /** SIGTERM, and SIGKILL to one that is still there 3 s later; fulfilled when it is gone. */
  readonly stop: () => Promise<void>;
};

type StartOptions = {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Called with each piece of standard output. */
  readonly onOutput?: (text: string) => void;
};

const stopDeadlineMs = 3000;
const keptOutput = 20_000;

/** Starts a program that its caller owns and must stop. */
export async function startChild(program: string, args: readonly string[], options: StartOptions = {}): Promise<Child> {
  const child = spawn(program, args, {
    cwd: options.cwd,
    env: options.env ?? process.env,
    stdio: ["pipe", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => (output = (output + text).slice(-keptOutput)));
  if (options.onOutput !== undefined) child.stdout.on("data", options.onOutput);
  child.stdin.on("error", () => {});
  const { promise: exited, resolve } = Promise.withResolvers<number | string>();
  child.once("close", (code, signal) => resolve(signal ?? code ?? 0));
  await once(child, "spawn");
  const { pid } = child;
  if (pid === undefined) throw new Error(`${program} has no process id`);
  const hasExited = (): boolean => child.exitCode !== null || child.signalCode !== null;

  return {
    pid,
    exited,
    hasExited,
    output: () => output,
    signal: (name) => void child.kill(name),
    write: (text) => void child.stdin.write(text),
    stop: async () => {
      if (!hasExited()) {
        child.kill("SIGCONT");
        child.kill("SIGTERM");
      }
      const timer = setTimeout(() => child.kill("SIGKILL"), stopDeadlineMs);
      await exited;
      clearTimeout(timer);
    },
  };
}
