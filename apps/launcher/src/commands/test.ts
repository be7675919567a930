import { Command } from "commander";
import { findTests } from "../check/find-tests.ts";
import { nodeTest, nodeTestInBackground } from "../check/node-test.ts";
import { runChecks } from "../check/run-checks.ts";
import { Failure } from "../failure.ts";
import { openOutput, Progress } from "../terminal/progress.ts";

/**
 * Tests that count every frame of a program in real time: each has the machine
 * to itself, because a processor that is busy elsewhere is a gap in a program.
 */
const isRealtime = (file: string): boolean => file.endsWith(".realtime.test.ts");

/**
 * Tests that keep a processor busy for minutes and say nothing of time: strangers' tools over the whole contract.
 * The others wait for most of theirs, and leave the machine to these meanwhile.
 */
const isBackground = (file: string): boolean => file.endsWith(".background.test.ts");

/** Whole shows that real servers take: two files of them keep a processor of two busy, and what is late fails. */
const isShow = (file: string): boolean => file.startsWith("acceptance/src/");

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
  const background = files.filter(isBackground);
  const others = files.filter((file) => !isRealtime(file) && !isBackground(file));
  const shows = await nodeTest(others.filter(isShow), 2);
  // Ended by a signal: whoever sent it means all of it.
  if (shows.status >= 128) return shows.status;
  const rest = others.filter((file) => !isShow(file));
  // Where nothing is to be disturbed they need not stay behind.
  const [front, behind] = rest.length === 0 ? [background, []] : [rest, background];
  const results = await Promise.all([nodeTest(front, 2), nodeTestInBackground(behind)]);
  for (const { output } of results) process.stdout.write(output);
  const status = Math.max(checked ? 0 : 1, shows.status, ...results.map((result) => result.status));
  if (status >= 128) return status;
  return Math.max(status, (await nodeTest(files.filter(isRealtime), 1)).status);
}
