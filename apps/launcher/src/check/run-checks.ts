import { spawn } from "node:child_process";
import { availableParallelism } from "node:os";
import { pathWithTools, root } from "../repository.ts";
import { exitOf } from "../supervise/running.ts";
import type { Progress } from "../terminal/progress.ts";
import { readChecks } from "./check-list.ts";
import type { Check } from "./check-list.ts";

/** Runs all checks, as many at a time as there are processors, a line each. Whether all of them passed. */
export async function runChecks(progress: Progress): Promise<boolean> {
  const waiting = [...(await readChecks())];
  let failed = 0;
  const total = waiting.length;
  const work = async (): Promise<void> => {
    for (let check = waiting.shift(); check !== undefined; check = waiting.shift())
      if (!(await runCheck(check, progress))) failed++;
  };
  await Promise.all(Array.from({ length: Math.max(2, availableParallelism()) }, work));
  progress.line(failed === 0 ? `${total} checks passed` : `${failed} of ${total} checks failed`);
  return failed === 0;
}

async function runCheck({ name, command, fix }: Check, progress: Progress): Promise<boolean> {
  const startedAt = performance.now();
  const [program, ...args] = command;
  const child = spawn(program, args, {
    cwd: root,
    env: { ...process.env, PATH: pathWithTools() },
    stdio: ["ignore", "pipe", "pipe"],
  });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding("utf8").on("data", (text: string) => (output += text));
  const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
  child.once("error", (error) => (output += error.message));
  const exit = await exitOf(child);
  if (child.pid !== undefined) await closed;
  const time = progress.style("dim", `(${((performance.now() - startedAt) / 1_000).toFixed(1)} s)`);
  if (exit.code === 0) {
    progress.line(`${progress.style("green", "✓")} ${name} ${time}`);
    return true;
  }
  progress.line(`${progress.style("red", "✗")} ${name} ${time}: ${command.join(" ")}`);
  for (const line of output.trimEnd().split("\n")) progress.line(`  ${line}`);
  if (fix !== null) progress.line(`  ${progress.style("yellow", "to mend it:")} ${fix}`);
  return false;
}
