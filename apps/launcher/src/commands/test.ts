import { spawn } from "node:child_process";
import { constants } from "node:os";
import { join } from "node:path";
import { Command } from "commander";
import { findTests } from "../check/find-tests.ts";
import { runChecks } from "../check/run-checks.ts";
import { Failure } from "../failure.ts";
import { pathWithTools, root } from "../repository.ts";
import { exitOf } from "../supervise/running.ts";
import { openOutput, Progress } from "../terminal/progress.ts";

/** A test that takes so long hangs: it fails, rather than the whole run. */
const hungMs = 600_000;

/**
 * Tests that count every frame of a program in real time: each has the machine
 * to itself, because a processor that is busy elsewhere is a gap in a program.
 */
const isRealtime = (file: string): boolean => file.endsWith(".realtime.test.ts");

/** Starts the instance that acceptance suites share, and looks that nothing is left of it. */
const acceptanceSetup = join(root, "acceptance/src/global-setup.ts");

export function testCommand(): Command {
  return new Command("test")
    .summary("check, then every test")
    .description(
      "Runs ./trax check, then every unit and acceptance test. With a pattern: only the test files that have it in " +
        "their path, without the check.",
    )
    .argument("[pattern]", "a part of a test file's path")
    .action(async (pattern: string | undefined) => {
      process.exitCode = await runTests(pattern);
    });
}

async function runTests(pattern: string | undefined): Promise<number> {
  const progress = new Progress(openOutput(process.stdout, process.stderr));
  const files = await findTests(pattern ?? "");
  if (files.length === 0) throw new Failure(`no test file has ${JSON.stringify(pattern)} in its path`);
  const checked = pattern !== undefined || (await runChecks(progress));
  let status = checked ? 0 : 1;
  const beside = files.filter((file) => !isRealtime(file));
  for (const [some, concurrency] of [[beside, 2] as const, [files.filter(isRealtime), 1] as const]) {
    // Ended by a signal: whoever sent it means all of it.
    if (status < 128) status = Math.max(status, await runFiles(some, concurrency));
  }
  return status;
}

/** Runs test files, so many at a time; its exit status. */
async function runFiles(files: readonly string[], concurrency: number): Promise<number> {
  if (files.length === 0) return 0;
  // One TRaX for all acceptance suites of the run.
  const setup = files.some((file) => file.startsWith("acceptance/")) ? [`--test-global-setup=${acceptanceSetup}`] : [];
  return runNode([
    "--test",
    `--test-concurrency=${concurrency}`,
    `--test-timeout=${hungMs}`,
    "--test-reporter=spec",
    ...setup,
    ...files,
  ]);
}

/**
 * Its exit status; 128 and more when a signal ended it, whatever it made of that. Its output is ours, and so is a
 * Ctrl-C, since it stays in our process group.
 */
async function runNode(args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { ...process.env, PATH: pathWithTools() },
    stdio: "inherit",
  });
  let sent: NodeJS.Signals | null = null;
  const pass = (signal: NodeJS.Signals): void => {
    sent = signal;
    child.kill(signal);
  };
  process.on("SIGTERM", pass).on("SIGINT", pass);
  const exit = await exitOf(child);
  process.off("SIGTERM", pass).off("SIGINT", pass);
  const signal = sent ?? exit.signal;
  return signal === null ? (exit.code ?? 1) : 128 + constants.signals[signal];
}
