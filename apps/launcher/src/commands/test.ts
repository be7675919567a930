import { spawn } from "node:child_process";
import { access } from "node:fs/promises";
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

/** Gets the servers that tests run against, and says in a line each what is missing. */
const peers = join(root, "tools/peers/src/ensure.ts");

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
  if (await exists(peers)) await progress.step("Servers that tests run against", () => runNode([peers]));
  // One TRaX for all acceptance suites of the run.
  const setup = files.some((file) => file.startsWith("acceptance/")) ? [`--test-global-setup=${acceptanceSetup}`] : [];
  const status = await runNode([
    "--test",
    "--test-concurrency=2",
    `--test-timeout=${hungMs}`,
    "--test-reporter=spec",
    ...setup,
    ...files,
  ]);
  return checked ? status : Math.max(status, 1);
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** Its exit status. Its output is ours, and so is a Ctrl-C, since it stays in our process group. */
async function runNode(args: readonly string[]): Promise<number> {
  const child = spawn(process.execPath, args, {
    cwd: root,
    env: { ...process.env, PATH: pathWithTools() },
    stdio: "inherit",
  });
  const pass = (signal: NodeJS.Signals): void => void child.kill(signal);
  process.on("SIGTERM", pass).on("SIGINT", pass);
  const exit = await exitOf(child);
  process.off("SIGTERM", pass).off("SIGINT", pass);
  return exit.signal === null ? (exit.code ?? 1) : 128 + constants.signals[exit.signal];
}
