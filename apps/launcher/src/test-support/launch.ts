import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { mkdtemp, realpath, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { TestContext } from "node:test";
import { findDataDirectory } from "../instance/data-directory.ts";
import { findInstanceProcesses } from "../instance/processes.ts";
import { portNames } from "../ports/ports.ts";
import { findByDirectory, signalProcess } from "../process/process-table.ts";
import { exitOf } from "../supervise/running.ts";
import type { Exit } from "../supervise/running.ts";

const stubTrax = join(import.meta.dirname, "stub-trax.ts");

/** A directory that is gone when the test has ended, and with it every process that used it as a data directory. */
export async function temporaryDirectory(context: TestContext): Promise<string> {
  const path = await realpath(await mkdtemp(join(tmpdir(), "trax-test-")));
  context.after(async () => {
    // Launchers first: they would start again what is ended below.
    for (const { child, exited } of launches.filter(({ args }) => args.some((arg) => arg.startsWith(path)))) {
      child.kill("SIGKILL");
      await exited;
    }
    for (const data of used.filter((one) => one.startsWith(path)))
      for (const pid of await leftProcesses(data)) signalProcess(pid, "SIGKILL");
    await rm(path, { recursive: true, force: true });
  });
  return path;
}

/** Of all tests of the file, each of which has a directory of its own. */
const used: string[] = [];
const launches: Launch[] = [];

export type Launch = {
  readonly args: readonly string[];
  readonly child: ChildProcess;
  readonly exited: Promise<Exit>;
  /** Everything written so far, both streams. */
  output(): string;
  /** Resolves when the output has `text`; rejects when the process ends without it. */
  shows(text: string): Promise<void>;
};

const freePorts = Object.fromEntries(portNames.map((name) => [name, "0"]));

/** Starts the launcher with stand-ins for control and the media agent, on free ports. Killed with the test's temporary directory. */
export function launch(args: readonly string[], environment: Readonly<Record<string, string>> = {}): Launch {
  const child = spawn(process.execPath, [stubTrax, ...args], {
    env: { PATH: process.env["PATH"], ...freePorts, ...environment },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  const waiting = new Set<() => void>();
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => {
      output += text;
      for (const check of waiting) check();
    });
  }
  const exited = exitOf(child);
  const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const launched: Launch = {
    args,
    child,
    exited: closed.then(() => exited),
    output: () => output,
    shows: (text) =>
      new Promise((resolve, reject) => {
        const check = (): void => {
          if (!output.includes(text)) return;
          waiting.delete(check);
          resolve();
        };
        waiting.add(check);
        void closed.then(() => reject(new Error(`ended without ${JSON.stringify(text)}:\n${output}`)));
        check();
      }),
  };
  launches.push(launched);
  return launched;
}

/** Starts an instance and resolves when it says that it is up. */
export async function up(
  data: string,
  environment: Readonly<Record<string, string>> = {},
  ...args: readonly string[]
): Promise<Launch> {
  used.push(data);
  const launched = launch(["up", "--data", data, ...args], environment);
  await launched.shows("TRaX is up.");
  return launched;
}

/** Runs a command of the launcher to its end. */
export async function run(args: readonly string[]): Promise<{ code: number | null; output: string }> {
  const launched = launch(args);
  const { code } = await launched.exited;
  return { code, output: launched.output() };
}

/** Stops it as Ctrl-C does. */
export async function stop(launched: Launch, signal: NodeJS.Signals = "SIGINT"): Promise<Exit> {
  launched.child.kill(signal);
  return launched.exited;
}

/** Every process there is of the instance on that directory. */
export async function leftProcesses(data: string): Promise<readonly number[]> {
  const directory = await findDataDirectory(data);
  if (directory === null) return [];
  return [
    ...(await findInstanceProcesses(directory)),
    ...(await findByDirectory("postgres", join(directory.path, "postgres/cluster"))),
  ];
}

/** What `status --json` says. */
export async function readStatus(data: string): Promise<{ pids: Map<string, number>; text: string }> {
  const { code, output } = await run(["status", "--json", "--data", data]);
  assert.equal(code, 0, output);
  const status: unknown = JSON.parse(output);
  assert.ok(typeof status === "object" && status !== null && "processes" in status && Array.isArray(status.processes));
  const pids = new Map<string, number>();
  for (const { name, pid } of status.processes) pids.set(String(name), Number(pid));
  return { pids, text: output };
}
