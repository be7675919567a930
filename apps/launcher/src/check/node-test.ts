import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { constants, setPriority } from "node:os";
import { join } from "node:path";
import { endProcesses, findDescendants, rememberProcesses, stillRunning } from "../process/process-table.ts";
import type { KnownProcesses } from "../process/process-table.ts";
import { pathWithTools, root } from "../repository.ts";
import { exitOf } from "../supervise/running.ts";

/** A test that takes so long hangs: it fails, rather than the whole run. */
const hungMs = 600_000;

/** What test files started has so long to end when the run is ended by a signal. */
const endedWithinMs = 10_000;

/** Node's test runner has so long after a signal: one that was interrupted at work was seen to spin for ever. */
const interruptedMs = 30_000;

/** What is in the background comes second where two want the same processor, and still gets on. */
const backgroundNiceness = 5;

/** Starts the instance that acceptance suites share, and looks that nothing is left of it. */
const acceptanceSetup = join(root, "acceptance/src/global-setup.ts");

const slowestFiles = join(root, "apps/launcher/src/check/slowest-files.ts");

/** 128 and more when a signal ended the run, whatever it made of that. */
export type NodeTestResult = { readonly status: number; readonly output: Buffer };

/** Runs test files, so many at a time. Its output is ours, and so is a Ctrl-C, since it stays in our process group. */
export async function nodeTest(files: readonly string[], concurrency: number): Promise<NodeTestResult> {
  if (files.length === 0) return nothing;
  return { ...nothing, status: await statusOf(start(files, concurrency, "inherit")) };
}

/** Runs them beside others, one at a time and on what those leave of the machine; gives what they wrote. */
export async function nodeTestInBackground(files: readonly string[]): Promise<NodeTestResult> {
  if (files.length === 0) return nothing;
  const child = start(files, 1, "pipe");
  if (child.pid !== undefined) setPriority(child.pid, backgroundNiceness);
  const chunks: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (chunk: Buffer) => chunks.push(chunk));
  const [status] = await Promise.all([statusOf(child), once(child, "close")]);
  return { status, output: Buffer.concat(chunks) };
}

const nothing: NodeTestResult = { status: 0, output: Buffer.alloc(0) };

function start(files: readonly string[], concurrency: number, output: "inherit" | "pipe"): ChildProcess {
  // One TRaX for all acceptance suites of the run.
  const setup = files.some((file) => file.startsWith("acceptance/")) ? [`--test-global-setup=${acceptanceSetup}`] : [];
  const reporters = ["spec", slowestFiles].flatMap((reporter) => [
    `--test-reporter=${reporter}`,
    "--test-reporter-destination=stdout",
  ]);
  const limits = [`--test-concurrency=${concurrency}`, `--test-timeout=${hungMs}`];
  return spawn(process.execPath, ["--test", ...limits, ...reporters, ...setup, ...files], {
    cwd: root,
    env: { ...process.env, PATH: pathWithTools() },
    stdio: ["inherit", output, output],
  });
}

async function statusOf(child: ChildProcess): Promise<number> {
  const sent: NodeJS.Signals[] = [];
  const below: Promise<KnownProcesses>[] = [];
  let timer: NodeJS.Timeout | null = null;
  const pass = (signal: NodeJS.Signals): void => {
    sent.push(signal);
    // Looked for while it runs: what is left of a test file that has ended is nobody's child.
    const found = startedBelow(child);
    below.push(found);
    void found.then(() => child.kill(signal));
    timer ??= setTimeout(() => child.kill("SIGKILL"), interruptedMs);
  };
  process.on("SIGTERM", pass).on("SIGINT", pass);
  const exit = await exitOf(child);
  if (timer !== null) clearTimeout(timer);
  // A Ctrl-C comes to most of these too; another signal, and what has a process group of its own, is for us to end.
  for (const known of below) await endProcesses(await stillRunning(await known), endedWithinMs);
  process.off("SIGTERM", pass).off("SIGINT", pass);
  const signal = sent.at(-1) ?? exit.signal;
  return signal === null ? (exit.code ?? 1) : 128 + constants.signals[signal];
}

async function startedBelow({ pid }: ChildProcess): Promise<KnownProcesses> {
  return rememberProcesses(pid === undefined ? [] : await findDescendants(pid));
}
